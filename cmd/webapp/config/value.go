package config

import (
	"strings"
	"unicode"

	"webapp/internal/secretfile"
)

// byteOrderMark is a character that some editors write at the start of a file.
const byteOrderMark = "\ufeff"

// withoutMark returns a Lookup that also finds a variable whose name begins with a
// byte order mark. A program that reads a file of variables can take the mark for a
// part of the first name.
func withoutMark(environment Lookup) Lookup {
	return func(name string) (string, bool) {
		if value, set := environment(name); set {
			return value, true
		}
		return environment(byteOrderMark + name)
	}
}

// clean returns a value without the spaces, line breaks and byte order marks around
// it. It reports quotation marks and control characters and removes them, so that
// the rest of the value is checked too. It returns a secret unchanged: quotation
// marks and spaces around a secret are only a hint, because they may belong to it.
func (c *Config) clean(f field, value string, found *Problems) string {
	if f.secret {
		c.checkSecret(f.variable, value, found)
		return value
	}
	value = strings.TrimFunc(value, isBlank)
	if strings.IndexAny(value, quotes) == 0 {
		found.add(f.variable, "begins with a quotation mark, which is a part of the value",
			"Write the value without quotation marks. Some programs keep them, such as docker run --env-file.")
		value = strings.Trim(value, quotes)
	}
	if strings.ContainsFunc(value, unicode.IsControl) && f.variable != "SESSION_KEY" {
		found.add(f.variable, "contains a line break or another control character", "Write the value again, in one line.")
		value = strings.Map(withoutControl, value)
	}
	return value
}

// withoutControl is a mapping for strings.Map. It drops control characters.
func withoutControl(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

// checkSecret reports characters that cannot belong to a secret. Characters that
// probably do not belong to it are a hint.
func (c *Config) checkSecret(name, value string, found *Problems) {
	bare := strings.TrimRight(value, "\r\n")
	switch {
	case strings.HasPrefix(value, byteOrderMark):
		found.add(name, "begins with a byte order mark", "Save the file that it comes from as UTF-8 without a byte order mark.")
	case strings.ContainsFunc(bare, unicode.IsControl):
		found.add(name, "contains a line break or another control character", "Copy the secret again, without other characters.")
	case bare != value:
		found.add(name, "ends in a line break", "Remove the line break. In files from Windows a line ends in two characters, and the first may be left.")
	case secretfile.InQuotes(value):
		c.hint(name, "is in quotation marks, which are a part of it",
			"If they do not belong to the secret, remove them. Some programs keep them, such as docker run --env-file.")
	case strings.TrimFunc(value, isBlank) != value:
		c.hint(name, "begins or ends with a space, which is a part of it", "If it does not belong to the secret, remove it.")
	}
}

// quotes are the quotation marks of shells and of word processors.
const quotes = "\"'`\u201c\u201d\u201e\u2018\u2019"

// isBlank reports whether r is invisible.
func isBlank(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' }

// trimmed returns the values of a list without the spaces around them, and without
// empty values.
func trimmed(list []string) []string {
	var kept []string
	for _, entry := range list {
		if entry = strings.TrimFunc(entry, isBlank); entry != "" {
			kept = append(kept, entry)
		}
	}
	return kept
}
