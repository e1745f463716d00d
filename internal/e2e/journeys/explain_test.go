//go:build integration

package journeys

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// For each error of the provider, the person reads a sentence in their own language,
// and the administrator reads the error number and what to do.
func TestProviderErrorsAreExplained(t *testing.T) {
	y := startTenancy(t, arrangement{})
	tab := shared.browser.Visitor(t).Tab()
	for _, language := range []string{"en", "de", "zh-Hans"} {
		texts := textsIn(t, language)
		tab.Speak(language)
		for _, c := range []struct {
			number int
			at     fakeidp.Endpoint
			texts  string
		}{
			{50105, fakeidp.EndpointAuthorize, "aadsts.unassigned"},
			{53003, fakeidp.EndpointAuthorize, "aadsts.policy"},
			{90094, fakeidp.EndpointAuthorize, "aadsts.adminconsent"},
			{7000222, fakeidp.EndpointToken, "aadsts.secretexpired"},
			{700016, fakeidp.EndpointToken, "aadsts.application"},
		} {
			t.Run(fmt.Sprintf("%s/AADSTS%d", language, c.number), func(t *testing.T) {
				y.idp.Fail(c.at, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: c.number}})
				status := tab.Open(y.app.URL + "/login")
				if c.at == fakeidp.EndpointToken {
					status = tab.Follow("button", member)
				}

				require.GreaterOrEqual(t, status, http.StatusBadRequest)
				require.Equal(t, language, tab.Language())
				tab.Click("DisclosureTriangle", texts["error.details"])
				page := tab.Text()
				assert.Contains(t, page, texts[c.texts+".sentence"])
				assert.Contains(t, page, texts[c.texts+".remedy"])
				assert.Contains(t, page, fmt.Sprintf("AADSTS%d", c.number))
				assert.Regexp(t, texts["error.details.correlation"]+`[:：]\s*[0-9a-f]{8}-`, page)
			})
		}
	}
}

// textsIn reads the messages of a language.
func textsIn(t *testing.T, language string) map[string]string {
	t.Helper()
	file, err := os.ReadFile("../../../templates/messages/" + language + ".json")
	require.NoError(t, err)
	var texts map[string]string
	require.NoError(t, json.Unmarshal(file, &texts))
	return texts
}
