package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteCheck writes a check for a person: a line, and indented ones below where
// there is more to say.
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

// WriteConclusion writes what follows from all checks.
func (r Report) WriteConclusion(w io.Writer) error {
	count := make(map[Status]int)
	for _, c := range r.Checks {
		count[c.Status]++
	}
	text := "Everything that was looked at is in order."
	switch {
	case count[Failed] > 0:
		text = fmt.Sprintf("Sign-ins will not work as they should: %s failed.", checks(count[Failed]))
	case count[Warning] > 0:
		text = fmt.Sprintf("Sign-ins can work; see to %s.", plural(count[Warning], "the warning", "the %d warnings"))
	}
	_, err := fmt.Fprintf(w, "\n%s\n", text)
	return err
}

func checks(n int) string { return plural(n, "one check", "%d checks") }

// plural returns one, or many with n in the place of %d.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}

// WriteJSON writes the report for machines, as one JSON object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// sentence makes an error's text one, beginning with a capital but for the
// application's own name.
func sentence(err error) string {
	text := strings.TrimSuffix(err.Error(), ".") + "."
	if strings.HasPrefix(text, "webapp ") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// shown makes a stranger's text fit for a terminal and a line: printable ASCII,
// in quotation marks and not long.
func shown(text string) string {
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
