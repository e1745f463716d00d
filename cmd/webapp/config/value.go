package config

import (
	"strings"
	"unicode"

	"webapp/internal/secretfile"
)

// byteOrderMark is what some editors write in front of a text.
const byteOrderMark = "\ufeff"

// withoutMark also finds a variable behind a byte order mark. Programs that read
// files of variables may take the mark for a part of the first name.
func withoutMark(environment Lookup) Lookup {
	return func(name string) (string, bool) {
		if value, set := environment(name); set {
			return value, true
		}
		return environment(byteOrderMark + name)
	}
}

// clean returns the value of a variable without the blanks, line breaks and marks
// around it. It reports quotation marks and control characters. Without them the
// value is then checked like any other. A secret is returned as it is: quotation
// marks and blanks around it are a hint, because they may belong to it.
func (c *Config) clean(f field, value string, found *Problems) string {
	if f.secret {
		c.checkSecret(f.variable, value, found)
		return value
	}
	value = strings.TrimFunc(value, isBlank)
	if strings.IndexAny(value, quotes) == 0 {
		found.add(f.variable, "begins with a quotation mark, which counts as a part of the value",
			"Write the value without quotation marks: docker run --env-file, among others, keeps them.")
		value = strings.Trim(value, quotes)
	}
	if strings.ContainsFunc(value, unicode.IsControl) && f.variable != "SESSION_KEY" {
		found.add(f.variable, "holds a line break or another control character", "Write the value again, in one line.")
		value = strings.Map(withoutControl, value)
	}
	return value
}

// withoutControl makes strings.Map drop control characters.
func withoutControl(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

// checkSecret reports what cannot be a part of a secret, and hints at what
// probably is none.
func (c *Config) checkSecret(name, value string, found *Problems) {
	bare := strings.TrimRight(value, "\r\n")
	switch {
	case strings.HasPrefix(value, byteOrderMark):
		found.add(name, "begins with a byte order mark", "Save the file that it comes from as UTF-8 without a byte order mark.")
	case strings.ContainsFunc(bare, unicode.IsControl):
		found.add(name, "holds a line break or another control character", "Copy it again, without anything around it.")
	case bare != value:
		found.add(name, "ends in a line break", "Remove the line break. Files that were written on Windows end each line in two characters.")
	case secretfile.InQuotes(value):
		c.hint(name, "is in quotation marks, which count as a part of it",
			"Unless they are meant, remove them: docker run --env-file, among others, keeps them.")
	case strings.TrimFunc(value, isBlank) != value:
		c.hint(name, "begins or ends with a blank, which counts as a part of it", "Unless it is meant, remove it.")
	}
}

// quotes are the quotation marks of shells and, by mistake, of word processors.
const quotes = "\"'`\u201c\u201d\u201e\u2018\u2019"

// isBlank says whether r is invisible at the end of a line.
func isBlank(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' }

// entries are the values of a list, without the blanks around each. A comma at
// the end adds no value.
func entries(list []string) []string {
	var kept []string
	for _, entry := range list {
		if entry = strings.TrimFunc(entry, isBlank); entry != "" {
			kept = append(kept, entry)
		}
	}
	return kept
}
