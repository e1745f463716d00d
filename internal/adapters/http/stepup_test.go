package http

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/templates"
)

// payments is an application with one page and its form, which needs a recent sign-in
// and an authentication context.
type payments struct {
	*app
	browser  *portstest.FakeBrowser
	provider *portstest.FakeProvider
	clock    *portstest.Clock
	paid     []string
}

func newPayments(t *testing.T) *payments {
	t.Helper()
	clock := portstest.NewClock(time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC))
	p := &payments{app: failing(t), clock: clock, provider: portstest.NewFakeProvider(clock.Now)}
	sessions := portstest.NewFakeSessions(clock.Now)
	p.browser = sessions.NewBrowser()
	var err error
	p.Domain, err = domain.New(domain.Config{
		Provider: p.provider, Sessions: sessions, Limits: domain.Limits{Idle: time.Hour, Lifetime: time.Hour}, Now: clock.Now, Random: rand.Reader,
	})
	require.NoError(t, err)
	p.Scopes = []string{"api/read"}
	p.enabledPages = []Page{{
		Path: "/payments", RecentSignIn: 5 * time.Minute, AuthContext: "c1",
		show: func(*app, *http.Request, domain.Session) (templates.View, error) { return templates.Home{}, nil },
		post: func(_ *app, w http.ResponseWriter, r *http.Request, _ domain.Session) error {
			form, err := postedForm(r)
			p.paid = append(p.paid, form.Get("amount"))
			w.WriteHeader(http.StatusOK)
			return err
		},
	}}
	location, err := p.Domain.SignIn(p.context(t), domain.SignInRequest{})
	require.NoError(t, err)
	p.comeBack(t, location)
	return p
}

func (p *payments) context(t *testing.T) context.Context { return p.browser.Context(t.Context()) }

// comeBack signs Ada in with auth_time and acrs.
func (p *payments) comeBack(t *testing.T, location string) {
	t.Helper()
	ada := ports.Identity{Name: "Ada Lovelace", AuthTime: p.clock.Now(), AuthContexts: []string{"c1"}}
	_, err := p.Domain.CompleteSignIn(p.context(t), p.provider.Approve(location, ada), "")
	require.NoError(t, err)
}

func (p *payments) request(t *testing.T, method, accept string) *httptest.ResponseRecorder {
	t.Helper()
	routes := chi.NewRouter()
	routes.Use(headLikeGet)
	p.routePages(routes)
	r := httptest.NewRequest(method, "/payments?to=eve", strings.NewReader("amount=7")).WithContext(p.context(t))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	routes.ServeHTTP(w, r)
	return w
}

// A form that was opened in time and posted too late is not lost: the page says so, a new
// tab leads to the sign-in, and a reload of the first tab posts the form again.
func TestAFormThatNeedsARecentSignIn(t *testing.T) {
	p := newPayments(t)
	require.Equal(t, http.StatusOK, p.request(t, http.MethodPost, "text/html").Code)
	p.clock.Advance(6 * time.Minute)
	got := p.request(t, http.MethodPost, "text/html")
	require.Equal(t, http.StatusUnauthorized, got.Code)
	require.Equal(t, []string{"7"}, p.paid, "nothing happens before the sign-in")
	assert.Empty(t, got.Header().Get("Location"), "a redirect would lose the form")
	page := words(got.Body.String())
	assert.Contains(t, page, "Nothing was saved.")
	assert.Contains(t, page, "come back to this tab and reload it")
	assert.Contains(t, got.Body.String(), `<a class="button" href="/payments?to=eve" target="_blank" rel="noopener">Sign in again (opens a new tab)</a>`)

	got = p.request(t, http.MethodGet, "text/html") // the new tab
	require.Equal(t, http.StatusSeeOther, got.Code)
	asked, err := url.Parse(got.Header().Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, "300", asked.Query().Get("max_age"))
	assert.JSONEq(t, `{"id_token":{"auth_time":{"essential":true},"acrs":{"essential":true,"value":"c1"}}}`, asked.Query().Get("claims"))
	assert.Equal(t, []string{"api/read"}, p.provider.Requests()[1].Scopes, "the new session can call the API, too")
	p.comeBack(t, got.Header().Get("Location"))
	require.Equal(t, http.StatusOK, p.request(t, http.MethodPost, "text/html").Code) // the reload
	assert.Equal(t, []string{"7", "7"}, p.paid)
	assert.Equal(t, http.StatusOK, p.request(t, http.MethodGet, "text/html").Code)
}

// A program is never redirected. It reads in the response what is required.
func TestAProgramThatNeedsAStepUp(t *testing.T) {
	p := newPayments(t)
	p.clock.Advance(6 * time.Minute)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		got := p.request(t, method, "application/json")
		require.Equal(t, http.StatusUnauthorized, got.Code)
		assert.Equal(t, `Bearer error="insufficient_user_authentication", max_age="300", acr_values="c1"`, got.Header().Get("WWW-Authenticate"))
		assert.Equal(t, "application/problem+json", got.Header().Get("Content-Type"))
		assert.Empty(t, got.Header().Get("Location"))
		var doc map[string]any
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &doc))
		assert.Equal(t, "insufficient_user_authentication", doc["error"])
		assert.InDelta(t, 300, doc["max_age"], 0)
		assert.Equal(t, "c1", doc["acr_values"])
		assert.Contains(t, doc["detail"], "Nothing was saved.")
	}
	got := p.request(t, http.MethodHead, "*/*")
	assert.Equal(t, http.StatusUnauthorized, got.Code)
	assert.Len(t, p.provider.Requests(), 1, "nobody has gone to the provider")
	assert.Empty(t, p.paid)
}
