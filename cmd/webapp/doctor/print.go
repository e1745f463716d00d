package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteCheck writes a check for a person: the summary in one line, then the
// detail and the remedy in indented lines.
func WriteCheck(w io.Writer, c Check) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %-20s %s\n", c.Status, c.Name, c.Summary)
	for _, part := range []struct{ label, text string }{{"", c.Detail}, {"Remedy: ", c.Remedy}} {
		if part.text == "" {
			continue
		}
		for line := range strings.SplitSeq(part.text, "\n") {
			fmt.Fprintf(&b, "    %s%s\n", part.label, line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteConclusion writes one sentence about all checks together.
func (r Report) WriteConclusion(w io.Writer) error {
	count := make(map[Status]int)
	for _, c := range r.Checks {
		count[c.Status]++
	}
	text := "No problem was found."
	switch {
	case count[Failed] > 0:
		text = plural(count[Failed], "1 check failed.", "%d checks failed.") + " Sign-ins do not work as they should."
	case count[Warning] > 0:
		text = "Sign-ins can work. Look at " + plural(count[Warning], "the warning.", "the %d warnings.")
	}
	_, err := fmt.Fprintf(w, "\n%s\n", text)
	return err
}

// plural returns one if n is 1, otherwise many with n in place of %d.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}

// WriteJSON writes the report for programs, as one JSON object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// sentence returns the text of err with a capital at the beginning and a full stop
// at the end. The application's name stays in small letters.
func sentence(err error) string {
	text := strings.TrimSuffix(err.Error(), ".") + "."
	if strings.HasPrefix(text, "webapp ") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// quoted returns text from a server in quotation marks. It keeps printable ASCII
// characters only, so that a terminal does not interpret it, and at most 200 of
// them.
func quoted(text string) string {
	const most = 200
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text[:min(len(text), most)])
	if len(text) > most {
		clean += "..."
	}
	return `"` + clean + `"`
}
