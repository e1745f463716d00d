package main

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// With form_post, browsers send the cookie of a pending sign-in with requests from
// every site. Another site must not begin sign-ins in the background, which would
// displace the person's own.
func TestAnotherSiteBeginsNoSignInsInTheBackground(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string // site, mode, dest, purpose
		begins  bool
	}{
		"an image":                         {[]string{"cross-site", "no-cors", "image"}, false},
		"a script's fetch":                 {[]string{"cross-site", "cors", "empty"}, false},
		"a socket":                         {[]string{"cross-site", "websocket", "websocket"}, false},
		"a frame":                          {[]string{"cross-site", "navigate", "iframe"}, false},
		"an object":                        {[]string{"cross-site", "navigate", "object"}, false},
		"an image, no destination told":    {[]string{"cross-site", "no-cors", ""}, false},
		"a frame, no mode told":            {[]string{"cross-site", "", "iframe"}, false},
		"an image of a sibling subdomain":  {[]string{"same-site", "no-cors", "image"}, false},
		"a prefetch":                       {[]string{"none", "navigate", "document", "prefetch"}, false}, // Chromium's for a sibling subdomain
		"a prerendered page":               {[]string{"same-site", "navigate", "document", "prefetch;prerender"}, false},
		"a link":                           {[]string{"cross-site", "navigate", "document"}, true},
		"a link, no destination told":      {[]string{"cross-site", "navigate", ""}, true},
		"a link of a sibling subdomain":    {[]string{"same-site", "navigate", "document"}, true},
		"a link of our own":                {[]string{"same-origin", "navigate", "document"}, true},
		"the address bar":                  {[]string{"none", "navigate", "document"}, true},
		"a browser that tells of no mode":  {[]string{"cross-site", "", ""}, true},
		"a browser that tells of nothing":  {[]string{"", "", ""}, true},
		"a program of this very origin":    {[]string{"same-origin", "cors", "empty"}, true},
		"a mode without a site tells none": {[]string{"", "no-cors", "image"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"RESPONSE_MODE": "form_post"})
			b := w.browser()
			var headers []string
			names := []string{"Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Purpose"}
			for i, value := range c.headers {
				if value != "" {
					headers = append(headers, names[i], value)
				}
			}
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r := b.do(method, "/login?return_to=/sessions", nil, headers...)
				assert.Equal(t, c.begins, len(r.Cookies()) > 0)
				if c.begins {
					assert.Equal(t, http.StatusSeeOther, r.StatusCode)
					continue
				}
				assert.Equal(t, http.StatusForbidden, r.StatusCode)
				assert.Empty(t, r.Header.Get("Location"))
				assert.Zero(t, w.idp.Requests(fakeidp.EndpointMetadata), "the provider has not been asked")
				assert.True(t, method == http.MethodHead || strings.Contains(r.body, "This request came from another site"), r.body)
			}
		})
	}
}

func TestAnotherSitesImagesLeaveTheSignInThatHasBegun(t *testing.T) {
	w := newWorld(t, map[string]string{"RESPONSE_MODE": "form_post"})
	b := w.browser()
	own := b.begin("/login?return_to=/sessions")
	for range 20 {
		b.get("/login", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")
	}
	r := b.callback(b.approve(own, fakeidp.UserMember))
	require.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.Equal(t, "/sessions", r.Header.Get("Location"))
}

// The form_post callback comes from another site by design. A request that is not a
// navigation is refused, because it would tell that site whether somebody is signed in.
func TestTheFormPostCallbackIsANavigation(t *testing.T) {
	w := newWorld(t, map[string]string{"RESPONSE_MODE": "form_post"})
	b := w.browser()
	answer := b.approve(b.begin("/login"), fakeidp.UserMember)
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "empty"},
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
		{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
	} {
		r := b.do(http.MethodPost, answer.RedirectURI, answer.Values, headers...)
		assert.Equal(t, http.StatusForbidden, r.StatusCode, headers)
		assert.Empty(t, r.Cookies())
	}
	assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken))
	r := b.do(http.MethodPost, answer.RedirectURI, answer.Values, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	assert.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
}

var (
	formElement  = regexp.MustCompile(`(?s)<form\b([^>]*)>(.*?)</form>`)
	fieldElement = regexp.MustCompile(`<(?:input|button)\b[^>]*>`)
)

// pageForm is a form on a page.
type pageForm struct {
	method, action string
	fields         url.Values
}

func attribute(element, name string) string {
	found := regexp.MustCompile(`\b` + name + `="([^"]*)"`).FindStringSubmatch(element)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

func formsOf(body string) (forms []pageForm) {
	for _, found := range formElement.FindAllStringSubmatch(body, -1) {
		form := pageForm{strings.ToUpper(attribute(found[1], "method")), attribute(found[1], "action"), url.Values{}}
		for _, field := range fieldElement.FindAllString(found[2], -1) {
			if name := attribute(field, "name"); name != "" {
				form.fields.Add(name, attribute(field, "value"))
			}
		}
		forms = append(forms, form)
	}
	return forms
}

// originBy returns the Origin that a browser sends with a form to the page's own
// origin, by the page's Referrer-Policy (Fetch, "append a request Origin header").
func originBy(policy, origin string) string {
	if policy == "no-referrer" {
		return "null"
	}
	return origin
}

// refererBy returns the Referer that a browser then sends.
func refererBy(policy, page string) string {
	origin := strings.Join(strings.SplitN(page, "/", 4)[:3], "/")
	switch policy {
	case "no-referrer":
		return ""
	case "origin", "strict-origin":
		return origin + "/"
	}
	return page
}

// Every form of every page works in a browser without Fetch Metadata, with or without
// Origin, and is refused from another origin.
func TestOwnFormsWorkInBrowsersWithoutFetchMetadata(t *testing.T) {
	seen := map[string]int{}
	for _, path := range []string{"/", "/sessions", "/logout", "/groups", "/admin", "/call_api", "/none", "/getAToken?state=none&code=c", consentGiven} {
		for i, left := 0, 1; i < left; i++ {
			for _, sends := range []string{"Origin", "Referer"} {
				w := newWorld(t, nil)
				sibling := strings.Replace(w.url, "localhost", "blog.localhost", 1)
				w.browser().mustSignIn(fakeidp.UserAdmin) // a session to end
				b := w.browser()
				b.mustSignIn(fakeidp.UserAdmin)
				page := b.get(path)
				forms := formsOf(page.body)
				if left = len(forms); i >= left {
					break
				}
				form, policy := forms[i], page.Header.Get("Referrer-Policy")
				require.Equal(t, http.MethodPost, form.method, path)
				seen[form.action]++
				for _, elsewhere := range [][]string{
					{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", sibling}, {"Referer", "https://evil.example/"}, {"Referer", sibling + "/"},
					{"Origin", "https://evil.example", "Referer", w.url + "/"},
				} {
					r := b.do(form.method, form.action, form.fields, elsewhere...)
					assert.Equal(t, http.StatusForbidden, r.StatusCode, "%s on %s from %v", form.action, path, elsewhere)
				}
				require.True(t, b.signedIn(), "nothing is done for another site")

				says := map[string]string{"Origin": originBy(policy, w.url), "Referer": refererBy(policy, w.url+path)}[sends]
				r := b.do(form.method, form.action, form.fields, sends, says)
				assert.Equal(t, http.StatusSeeOther, r.StatusCode, "%s on %s with %s: %s", form.action, path, sends, says)
			}
		}
	}
	assert.Positive(t, seen["/logout"])
	assert.Positive(t, seen["/sessions"])
}
