package http

import (
	"errors"

	"webapp/internal/domain"
	"webapp/templates"
)

// errorMessages are the texts that each kind of error must have.
func errorMessages() []templates.Message {
	var all []templates.Message
	for _, row := range append(answers(), internal(), tooLarge()) {
		all = append(all, row.message("heading"), row.message("sentence"))
	}
	return all
}

// message is one of the texts of a kind of error.
func (a answer) message(part string) templates.Message {
	return templates.Message("error." + a.name + "." + part)
}

// wording is what an error page says, apart from its numbers.
type wording struct {
	heading, sentence, why, next templates.Message
	remedy                       templates.Message
}

// wording words an error: by its kind, and more exactly where the provider
// gave a number that we know. The number changes words only; everything that
// is done about an error is decided by its kind.
func (a *app) wording(row answer, err error) wording {
	w := wording{
		heading: row.message("heading"), sentence: row.message("sentence"),
		why: a.optional(row.message("why")), next: a.optional(row.message("next")),
		remedy: a.optional(row.message("remedy")),
	}
	reported, ok := errors.AsType[*domain.ProviderError](err)
	if !ok {
		return w
	}
	known, ok := a.pages.Explain(reported.Number)
	if !ok {
		return w
	}
	w.remedy = known.Remedy
	if row.name == "loop" {
		return w // what the person could do has been done, twice
	}
	w.sentence, w.why, w.next = known.Sentence, "", known.Next
	if row.name == "declined" && known.Refusal {
		w.heading = "error.refused.heading"
	}
	return w
}

// optional is m where there is such a text, else nothing.
func (a *app) optional(m templates.Message) templates.Message {
	if a.pages.Has(m) {
		return m
	}
	return ""
}
