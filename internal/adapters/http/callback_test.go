package http

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports/portstest"
)

// judged reads a callback and passes it to the domain, as the handler does, in a
// browser without a pending sign-in.
func judged(t *testing.T, r *http.Request) (domain.Callback, error) {
	t.Helper()
	cb, err := readCallback(r)
	if err != nil {
		return cb, err
	}
	sessions := portstest.NewFakeSessions(time.Now)
	service, err := domain.New(domain.Config{
		Provider: portstest.NewFakeProvider(time.Now), Sessions: sessions,
		Limits: domain.Limits{Idle: time.Hour, Lifetime: time.Hour}, Now: time.Now, Random: rand.Reader,
	})
	require.NoError(t, err)
	_, err = service.CompleteSignIn(sessions.NewBrowser().Context(t.Context()), cb, "")
	return cb, err
}

func TestParseCallback(t *testing.T) {
	good := "code=c&state=s&session_state=x&iss=https%3A%2F%2Fidp.example"
	for name, c := range map[string]struct {
		query string
		want  domain.Callback
		bad   bool
	}{
		"code":             {good, domain.Callback{Code: "c", State: "s", Issuer: "https://idp.example"}, false},
		"error":            {"error=access_denied&error_description=d&error_subcode=cancel&state=s", domain.Callback{Error: "access_denied", ErrorDescription: "d", ErrorSubcode: "cancel", State: "s"}, false},
		"unknown":          {"code=c&state=s&x=1", domain.Callback{Code: "c", State: "s"}, false},
		"unknown twice":    {"code=c&state=s&x=1&x=2", domain.Callback{}, true},
		"case matters":     {"Code=c&state=s", domain.Callback{}, true},
		"nothing":          {"", domain.Callback{}, true},
		"no state":         {"code=c", domain.Callback{}, true},
		"empty state":      {"code=c&state=", domain.Callback{}, true},
		"no code":          {"state=s", domain.Callback{}, true},
		"both":             {"code=c&error=e&state=s", domain.Callback{}, true},
		"state twice":      {"code=c&state=s&state=s", domain.Callback{}, true},
		"code twice":       {"code=c&code=c&state=s", domain.Callback{}, true},
		"iss twice":        {good + "&iss=y", domain.Callback{}, true},
		"description 2":    {"error=e&error_description=a&error_description=b&state=s", domain.Callback{}, true},
		"semicolon":        {"code=c;state=s", domain.Callback{}, true},
		"broken escape":    {"code=%zz&state=s", domain.Callback{}, true},
		"more than fits":   {"state=s&code=" + strings.Repeat("c", maxCallback), domain.Callback{}, true},
		"array is no code": {"code[]=c&state=s", domain.Callback{}, true},
	} {
		r := httptest.NewRequest(http.MethodGet, "/getAToken", nil)
		r.URL.RawQuery = c.query
		got, err := judged(t, r)
		if c.bad {
			require.ErrorIs(t, err, domain.ErrBadCallback, name)
			continue
		}
		require.ErrorIs(t, err, domain.ErrUnknownSignIn, name)
		assert.Equal(t, c.want, got, name)
	}
}

func FuzzCallback(f *testing.F) {
	f.Add("code=c&state=s", false)
	f.Add("error=access_denied&state=s&error_description=AADSTS65004", true)
	f.Fuzz(func(t *testing.T, input string, post bool) {
		r := httptest.NewRequest(http.MethodGet, "/getAToken", nil)
		r.URL.RawQuery = input
		if post {
			r = httptest.NewRequest(http.MethodPost, "/getAToken", strings.NewReader(input))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		cb, err := judged(t, r)
		require.NotContains(t, err.Error(), "%", "an error quotes no input")
		if !errors.Is(err, domain.ErrUnknownSignIn) {
			require.ErrorIs(t, err, domain.ErrBadCallback)
			return
		}
		again, err := url.ParseQuery(input)
		require.NoError(t, err)
		assert.Equal(t, []string{cb.State}, again["state"])
		assert.NotEmpty(t, cb.State)
		assert.NotEqual(t, cb.Code == "", cb.Error == "")
	})
}
