package browsertest

import (
	"encoding/json"

	"github.com/chromedp/chromedp"
)

// Origins returns what the browser's own URL parser makes of each location on a
// page of base: an origin, "null" for an address that has none, or "" where
// the browser refuses to read it.
func (tab *Tab) Origins(base string, locations []string) []string {
	tab.t.Helper()
	asked, err := json.Marshal(locations)
	check(tab.t, err, "write the locations as JSON")
	from, err := json.Marshal(base)
	check(tab.t, err, "write the base as JSON")
	return run(tab, "read addresses", chromedp.EvaluateAsDevTools[[]string](
		string(asked)+`.map(l => { try { return new URL(l, `+string(from)+`).origin } catch { return "" } })`))
}
