package http

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/templates"
)

// The page shows any body of an API as escaped text of bounded size, without a
// change of its content.
func FuzzAPIBody(f *testing.F) {
	p, err := templates.New(templates.Options{})
	require.NoError(f, err)
	around := templates.Chrome{SignedIn: true, Name: "Ada Lovelace", Nav: (&app{enabledPages: Pages()}).nav(domain.User{}), Current: "/call_api"}
	for _, seed := range []string{
		sampleJSON, `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users/$entity","id":"0f5d2b6e","mail":null}`,
		`</code></pre><script>alert(1)</script>`, "<h1>Bad Gateway</h1>", `{"a":1e400,"b":["\ud800","` + "\xff" + `"]}`,
		strings.Repeat("[", 500) + strings.Repeat("]", 500), "\x00\x89PNG\xff", "&lt;", "{{.}}", "\u2028", "0\f",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := readableBody(body)
		require.True(t, utf8.ValidString(text))
		require.LessOrEqual(t, len(text), max(maxIndented, len("\uFFFD")*len(body)))
		if json.Valid(body) {
			require.Equal(t, strings.ToValidUTF8(compact(t, body), "\uFFFD"), compact(t, []byte(text)))
		} else {
			require.Equal(t, strings.ToValidUTF8(string(body), "\uFFFD"), text)
		}
		w := httptest.NewRecorder()
		require.NoError(t, p.Write(w, httptest.NewRequest(http.MethodGet, "/call_api", nil), http.StatusOK, around, templates.API{Status: 200, Body: text}))
		_, rest, found := strings.Cut(w.Body.String(), "<pre><code>")
		require.Equal(t, text != "", found)
		if !found {
			return
		}
		shown, rest, found := strings.Cut(rest, "</code></pre>")
		require.True(t, found)
		require.NotContains(t, rest, "<pre>")
		require.False(t, strings.ContainsAny(shown, "<>"), "it is text and no markup")
		require.Equal(t, strings.ReplaceAll(text, "\x00", "\uFFFD"), html.UnescapeString(shown))
	})
}

func compact(t *testing.T, body []byte) string {
	var out bytes.Buffer
	require.NoError(t, json.Compact(&out, body))
	return out.String()
}
