package http

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/templates"
)

const sampleJSON = `{"@odata.context":"https://graph.example/v1.0/$metadata#users/$entity","displayName":"Ada Lovelace","businessPhones":["+44 20 7946 0000"],"jobTitle":"Analyst of engines that do not exist yet, and of a few that never will","id":"d0d1d2d3-aaaa-bbbb-cccc-000011112222"}`

func TestReadableBody(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"object", `{"b":1,"a":[true]}`, "{\n  \"b\": 1,\n  \"a\": [\n    true\n  ]\n}"},
		{"numbers keep their digits", " 12345678901234567890.10\n", "12345678901234567890.10"},
		{"text", "<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"},
		{"cut off JSON", `{"a":[1,2`, `{"a":[1,2`},
		{"empty", "", ""},
		{"no JSON for its last byte", "[0]\f", "[0]\f"},
		{"no UTF-8", "caf\xe9", "caf\uFFFD"},
		{"unbalanced", "]]]]{", "]]]]{"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, readableBody([]byte(c.body)))
		})
	}
}

func TestReadableBodyDoesNotGrowWithoutBound(t *testing.T) {
	for name, body := range map[string]string{
		"deep": strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"wide": strings.Repeat("[", 50) + "1" + strings.Repeat(",1", 200_000) + strings.Repeat("]", 50),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, body, readableBody([]byte(body)), "shown as it came")
		})
	}
}

func TestIndentedSizeIsNeverTooSmall(t *testing.T) {
	for _, body := range []string{`{}`, `{"a":{"b":[1,2,{"c":null}]},"d":[]}`, sampleJSON, `[[[[[[]]]]]]`, `[",,,"]`} {
		assert.GreaterOrEqual(t, indentedSize([]byte(body)), len(readableBody([]byte(body))), body)
	}
}

func TestAPIStatusesAreExplained(t *testing.T) {
	p := mustPages(t)
	for status := 100; status < 600; status++ {
		m := explainStatus(status)
		assert.Equal(t, status < 300, m == "")
		assert.True(t, m == "" || p.Has(m), m)
	}
	rec, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/call_api", nil)
	require.NoError(t, p.Write(rec, r, http.StatusOK, templates.Chrome{}, templates.API{Status: 403, Explanation: explainStatus(403)}))
	assert.Contains(t, words(rec.Body.String()), "The API recognized you but does not allow this.")
}
