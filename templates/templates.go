// Package templates makes the pages that people read, each in its reader's
// language.
//
// A page is a value: a Home, a SignIn, an Error. Pages.Write renders it with the
// template of its type and the Chrome around it. All values are escaped. The
// handlers decide what a person may see, and with which status.
//
// A language is one file, messages/TAG.json, where TAG is a BCP 47 tag. It
// translates all of messages/en.json and keeps every {placeholder}. A key that
// ends in a CLDR plural form, such as [one], may have the forms that the
// language needs.
package templates

import (
	"embed"
	"io/fs"
)

//go:embed *.html messages/*.json style.css favicon.svg
var files embed.FS

// Files returns the embedded files: layout.html, one *.html for each page,
// messages/*.json, style.css and favicon.svg.
func Files() fs.FS { return files }
