package http

import (
	"errors"

	"webapp/internal/domain"
)

// wording is what an error page says, apart from its numbers.
type wording struct {
	heading, sentence, why, next message
	remedy                       message
}

// wording words an error: by its kind, and more exactly where the provider
// gave a number that we know. The number changes words only; everything that
// is done about an error is decided by its kind.
func (p *pages) wording(row answer, err error) wording {
	prefix := message("error." + row.name)
	w := wording{
		heading: prefix + ".heading", sentence: prefix + ".sentence",
		why: p.optional(prefix + ".why"), next: p.optional(prefix + ".next"),
		remedy: p.optional(prefix + ".remedy"),
	}
	reported, ok := errors.AsType[*domain.ProviderError](err)
	if !ok {
		return w
	}
	known, ok := p.explain[reported.Number]
	if !ok {
		return w
	}
	w.remedy = known.remedy
	if row.name == "loop" {
		return w // what the person could do has been done, twice
	}
	w.sentence, w.why, w.next = known.sentence, "", known.next
	if row.name == "declined" && known.refusal {
		w.heading = "error.refused.heading"
	}
	return w
}

// optional is m where there is such a text, else nothing.
func (p *pages) optional(m message) message {
	if p.source().has(m) {
		return m
	}
	return ""
}
