// Package templates embeds the pages, their one stylesheet and the icon. What
// the pages are given to show is defined in package adapters/http.
package templates

import (
	"embed"
	"io/fs"
)

//go:embed *.html style.css favicon.svg
var files embed.FS

// Files answers the embedded files: layout.html, one *.html for each page,
// style.css and favicon.svg.
func Files() fs.FS { return files }
