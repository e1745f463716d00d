package http

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
)

func TestParseCallback(t *testing.T) {
	good := "code=c&state=s&session_state=x&iss=https%3A%2F%2Fidp.example"
	for name, c := range map[string]struct {
		query string
		want  domain.Callback
		bad   bool
	}{
		"code":             {good, domain.Callback{Code: "c", State: "s", Issuer: "https://idp.example"}, false},
		"error":            {"error=access_denied&error_description=d&error_subcode=cancel&state=s", domain.Callback{Error: "access_denied", ErrorDescription: "d", ErrorSubcode: "cancel", State: "s"}, false},
		"unknown twice":    {"code=c&state=s&x=1&x=2", domain.Callback{Code: "c", State: "s"}, false},
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
		fields, err := callbackFields(r)
		var got domain.Callback
		if err == nil {
			got, err = parseCallback(fields)
		}
		if c.bad {
			require.ErrorIs(t, err, domain.ErrBadCallback, name)
			continue
		}
		require.NoError(t, err, name)
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
		fields, err := callbackFields(r)
		if err != nil {
			require.NotContains(t, err.Error(), "%", "an error quotes no input")
			return
		}
		cb, err := parseCallback(fields)
		if err != nil {
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
