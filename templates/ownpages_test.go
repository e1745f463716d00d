package templates_test

import (
	"os"
	"testing"

	webhttp "webapp/internal/adapters/http"
	"webapp/templates"
)

// TestMain gives the tests of all pages the examples of webhttp.Pages, which the
// package itself cannot import.
func TestMain(m *testing.M) {
	for _, p := range webhttp.Pages() {
		templates.OwnViews = append(templates.OwnViews, p.Example)
	}
	os.Exit(m.Run())
}
