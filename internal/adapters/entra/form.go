package entra

import (
	"regexp"
	"sync"
)

// textForm is a regular expression that is compiled when it is first asked:
// most are for errors, which no start has to wait for.
type textForm struct{ compiled func() *regexp.Regexp }

func newTextForm(expression string) textForm {
	return textForm{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// matches reports whether the form is found in text.
func (f textForm) matches(text string) bool { return f.compiled().MatchString(text) }

// find returns the first match in text, or "".
func (f textForm) find(text string) string { return f.compiled().FindString(text) }

// submatch returns what the form's first group matches in text, or "".
func (f textForm) submatch(text string) string {
	if found := f.compiled().FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
