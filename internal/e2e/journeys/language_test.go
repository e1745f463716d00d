//go:build integration

package journeys

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

// Pages in all languages fit a phone and are as accessible as the English ones.
func TestPagesInOtherLanguages(t *testing.T) {
	for _, language := range []string{"de", "zh-Hans"} {
		t.Run(language, func(t *testing.T) {
			app, tab := visit(t)
			tab.Resize(browsertest.Phone)
			tab.Speak(language)
			look := func(path string, status int) {
				t.Helper()
				require.Equal(t, status, tab.Open(app.URL+path), tab.Text())
				assert.Equal(t, language, tab.Language(), path)
				assert.Zero(t, tab.Overflow(), "pixels that %s is too wide", path)
				assert.Empty(t, shared.axe.Violations(tab), path)
			}

			look("/", http.StatusOK)
			look("/call_api", http.StatusUnauthorized)
			look("/no-such-page", http.StatusNotFound)
			look("/getAToken", http.StatusBadRequest)
			look("/logout", http.StatusOK)

			tab.Open(app.URL + "/login")
			require.Equal(t, http.StatusOK, pick(t, tab, admin))
			look("/", http.StatusOK)
			require.Contains(t, tab.Text(), admin)
			look("/call_api", http.StatusOK)
			look("/logout", http.StatusOK)
		})
	}
}
