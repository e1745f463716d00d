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

var (
	formElement  = regexp.MustCompile(`(?s)<form\b([^>]*)>(.*?)</form>`)
	fieldElement = regexp.MustCompile(`<(?:input|button)\b[^>]*>`)
)

// pageForm is a form as a browser reads it from a page.
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

// originBy is the Origin that a browser sends with a form from a page of this
// policy to the page's own origin (Fetch, "append a request Origin header").
func originBy(policy, origin string) string {
	if policy == "no-referrer" {
		return "null"
	}
	return origin
}

// refererBy is the Referer that it sends then.
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

// Every form of every page works in a browser that sends no Fetch Metadata, with
// Origin and without, and is refused from elsewhere.
func TestOwnFormsWorkInBrowsersWithoutFetchMetadata(t *testing.T) {
	w := newWorld(t, nil)
	sibling := strings.Replace(w.url, "localhost", "blog.localhost", 1)
	seen := map[string]int{}
	for _, path := range []string{"/", "/sessions", "/logout", "/groups", "/admin", "/call_api", "/none", "/getAToken?state=none&code=c", consentGiven} {
		for i, left := 0, 1; i < left; i++ {
			for _, sends := range []string{"Origin", "Referer"} {
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
