package templates_test

import (
	"os"
	"testing"

	webhttp "webapp/internal/adapters/http"
	"webapp/templates"
)

// TestMain adds the examples of webhttp.Pages to the samples. This package's own
// tests cannot import webhttp.
func TestMain(m *testing.M) {
	for _, p := range webhttp.Pages() {
		templates.OwnViews = append(templates.OwnViews, p.Example)
	}
	os.Exit(m.Run())
}
