package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// many returns name0=value&name1=value…
func many(n int, value string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d=%s&", i, value)
	}
	return strings.TrimSuffix(b.String(), "&")
}

// post sends a body with this media type, as the form_post callback does.
func (b *browser) post(path, kind, body string) reply {
	b.w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, b.w.url+path, strings.NewReader(body))
	require.NoError(b.w.t, err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := b.client.Do(req)
	require.NoError(b.w.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(b.w.t, err)
	return reply{res, string(text)}
}

const plainForm = "application/x-www-form-urlencoded"

// A request with too many or too large parts gets the right status, as a page and as a
// problem document, and other people do not notice.
func TestPartsOfARequestAreBounded(t *testing.T) {
	w := newWorld(t, nil)
	signedIn := w.browser()
	signedIn.mustSignIn(fakeidp.UserMember)
	pages := []string{"/", "/login", "/getAToken", "/sessions", "/logout"}
	for name, c := range map[string]struct {
		query   string
		cookies string
		status  int
	}{
		"101 parameters":        {many(101, "v"), "", http.StatusBadRequest},
		"ten thousand ampers":   {strings.Repeat("&", 10_000), "", http.StatusBadRequest},
		"a long address":        {"x=" + strings.Repeat("y", 29<<10), "", http.StatusRequestURITooLong},
		"201 cookies":           {"", strings.ReplaceAll(many(201, "v"), "&", "; "), http.StatusRequestHeaderFieldsTooLarge},
		"large cookies":         {"", strings.ReplaceAll(many(10, strings.Repeat("v", 2000)), "&", "; "), http.StatusRequestHeaderFieldsTooLarge},
		"a header without end":  {"", strings.Repeat("v", 40<<10), http.StatusRequestHeaderFieldsTooLarge},
		"an address beyond all": {strings.Repeat("y", 60<<10), "", http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			for _, page := range pages {
				for _, accept := range []string{"text/html", "application/json"} {
					headers := []string{"Accept", accept}
					if c.cookies != "" {
						headers = append(headers, "Cookie", c.cookies)
					}
					r := w.browser().get(page+"?"+c.query, headers...)
					assert.Equal(t, c.status, r.StatusCode, page)
					assert.Empty(t, r.Cookies(), page)
					if len(c.query)+len(c.cookies) < 32<<10 { // beyond that it is the server who refuses
						assert.Equal(t, accept == "application/json", r.Header.Get("Content-Type") == "application/problem+json", page)
						assert.Contains(t, r.Header.Get("Content-Security-Policy"), "default-src 'none'")
					}
				}
			}
			assert.True(t, signedIn.signedIn())
		})
	}
	assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken)-1, "but for the one sign-in")
}

// Large valid requests pass: a hundred parameters, and one of Entra's longest callbacks
// together with the cookies of several sign-ins.
func TestLargeRequestsThatPeopleMakePass(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	assert.Equal(t, http.StatusUnauthorized, b.get("/sessions?"+many(100, "v")).StatusCode)
	for range 20 {
		b.begin("/login?return_to=/" + strings.Repeat("x", 900))
	}
	answer := b.approve(b.begin("/login"), fakeidp.UserMember)
	for name, size := range map[string]int{"session_state": 2000, "client_info": 10_000} {
		answer.Values.Set(name, strings.Repeat("s", size))
	}
	r := b.callback(answer)
	assert.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.True(t, b.signedIn())
}

func TestFormsAreBounded(t *testing.T) {
	w := newWorld(t, map[string]string{"RESPONSE_MODE": "form_post"})
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	token := w.idp.Requests(fakeidp.EndpointToken)
	var parts bytes.Buffer
	files := multipart.NewWriter(&parts)
	for name, value := range map[string]string{"code": "c", "state": "s", "end": "others", "logout_token": "x.y.z"} {
		require.NoError(t, files.WriteField(name, value))
	}
	require.NoError(t, files.Close())
	for path, own := range map[string]string{"/getAToken": "code=c&state=s&", "/sessions": "end=others&", "/backchannel-logout": "logout_token=x.y.z&"} {
		logout := path == "/backchannel-logout" // it has one status for all that is wrong with a form (section 2.8)
		for name, c := range map[string]struct {
			kind, body string
			status     int
		}{
			"101 fields":      {plainForm, own + many(101, "v"), http.StatusBadRequest},
			"too large":       {plainForm, own + "x=" + strings.Repeat("v", 65<<10), http.StatusRequestEntityTooLarge},
			"large and empty": {plainForm, strings.Repeat("&", 30<<10), http.StatusBadRequest},
			"multipart":       {files.FormDataContentType(), parts.String(), http.StatusUnsupportedMediaType},
			"JSON":            {"application/json", `{"code":"c"}`, http.StatusUnsupportedMediaType},
			"no type":         {"", own + "x=y", http.StatusUnsupportedMediaType},
		} {
			want := c.status
			if logout && want == http.StatusUnsupportedMediaType {
				want = http.StatusBadRequest
			}
			r := b.post(path, c.kind, c.body)
			assert.Equal(t, want, r.StatusCode, "%s %s", path, name)
			assert.Empty(t, r.Cookies())
		}
	}
	assert.Equal(t, token, w.idp.Requests(fakeidp.EndpointToken))
	assert.True(t, b.signedIn(), "nothing of it was done")
	hundred := url.Values{"end": {"others"}}
	for i := range 99 {
		hundred.Set(fmt.Sprintf("n%d", i), "v")
	}
	assert.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/sessions", hundred).StatusCode, "a hundred fields are read")
}

// The front-channel logout responds with status 200 to every request, and its
// parameters are limited too.
func TestAFrontChannelCallIsBounded(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.store.Calls()
	assert.Equal(t, http.StatusOK, b.get("/frontchannel-logout?sid=s&"+many(101, "v")).StatusCode)
	assert.Empty(t, w.store.Calls())
	assert.True(t, b.signedIn())
}
