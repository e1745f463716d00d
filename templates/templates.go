// Package templates embeds the pages, their texts in each language, their one
// stylesheet and the icon. What the pages are given to show is defined in
// package adapters/http/pages.
//
// A language is one file, messages/TAG.json with TAG as in BCP 47, that
// translates all of messages/en.json: a key may be neither missing nor extra,
// and {placeholders} must stay. A key that ends in a plural form of CLDR, such
// as [one], may be there in the forms that the language has.
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
