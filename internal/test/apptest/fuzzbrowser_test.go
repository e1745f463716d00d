package apptest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/test/apptest"
)

// quickBrowser is a browser that calls the handler without a connection.
type quickBrowser struct {
	app     *apptest.App
	cookies map[string]string
}

// enter signs a person in.
func enter(t testing.TB, app *apptest.App, who ports.Identity) *quickBrowser {
	b := &quickBrowser{app, map[string]string{}}
	begun := b.ask(httptest.NewRequest(http.MethodGet, "/login", nil))
	require.Equal(t, http.StatusSeeOther, begun.Code, begun.Body)
	cb := app.Provider.Approve(begun.Header().Get("Location"), who)
	back := "/getAToken?" + url.Values{"code": {cb.Code}, "state": {cb.State}}.Encode()
	require.Equal(t, http.StatusSeeOther, b.ask(httptest.NewRequest(http.MethodGet, back, nil)).Code)
	return b
}

func (b *quickBrowser) ask(r *http.Request) *httptest.ResponseRecorder {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.app.Handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return w
}

func (b *quickBrowser) signedIn() bool {
	return strings.Contains(b.ask(httptest.NewRequest(http.MethodGet, "/", nil)).Body.String(), "Welcome ")
}

// other returns the ID of the other session on the page of sessions.
func (b *quickBrowser) other(t testing.TB) string {
	page := b.ask(httptest.NewRequest(http.MethodGet, "/sessions", nil)).Body.String()
	_, rest, found := strings.Cut(page, `name="end" value="`)
	require.True(t, found, page)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}
