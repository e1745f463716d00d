package http

import (
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
)

// sample is one page in one of its variants.
type sample struct {
	name   string
	chrome chrome
	view   view
}

func signedIn(current string) chrome {
	return chrome{
		SignedIn: true, Name: "Ada Lovelace", Current: current,
		Nav: []link{{Text: "nav.home", URL: "/"}, {Text: "nav.api", URL: "/call_api"}, {Text: "nav.sessions", URL: "/sessions"}, {Text: "nav.admin", URL: "/admin"}},
	}
}

func sampleHome() homeView {
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	return homeView{
		Name: "Ada Lovelace", Username: "ada@fabrikam.example",
		TenantID:    "6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c",
		Issuer:      "https://login.microsoftonline.com/6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c/v2.0",
		Roles:       []string{"Reports.Read", "Admin"},
		Started:     newMoment(now.Add(-2*time.Minute), now),
		IdleEnd:     newMoment(now.Add(58*time.Minute), now),
		AbsoluteEnd: newMoment(now.Add(11*time.Hour+58*time.Minute), now),
		CanCallAPI:  true,
		Claims: []domain.Claim{
			{Name: "aud", Value: "11112222-bbbb-3333-cccc-4444dddd5555"},
			{Name: "iss", Value: "https://login.microsoftonline.com/6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c/v2.0"},
			{Name: "name", Value: "Ada Lovelace"},
			{Name: "preferred_username", Value: "ada@fabrikam.example"},
			{Name: "roles", Value: `["Reports.Read","Admin"]`},
			{Name: "login_hint", Value: strings.Repeat("O.CiQwMGRk", 20)},
			{Name: "iat", Value: "1795450140"},
		},
	}
}

func sampleGuest() homeView {
	v := sampleHome()
	v.Name, v.Username = "Bartholomäus Wolfeschlegelsteinhausenbergerdorff", "bartholomaeus.wolfeschlegelsteinhausenbergerdorff#EXT#@fabrikam.example"
	v.Guest, v.Roles, v.Claims, v.CanCallAPI = true, nil, nil, false
	return v
}

func sampleIssuer() homeView {
	v := sampleHome()
	v.TenantID, v.Issuer = "", "https://id.fabrikam.example"
	return v
}

func sampleHebrew() homeView {
	v := sampleHome()
	v.Name, v.Roles = "מיכל לוי", []string{"קורא", "Admin"}
	return v
}

const sampleJSON = `{"@odata.context":"https://graph.example/v1.0/$metadata#users/$entity","displayName":"Ada Lovelace","businessPhones":["+44 20 7946 0000"],"jobTitle":"Analyst of engines that do not exist yet, and of a few that never will","id":"d0d1d2d3-aaaa-bbbb-cccc-000011112222"}`

func sampleError() errorView {
	return errorView{
		Heading: "error.refused.heading", Sentence: "aadsts.unassigned.sentence", Next: "aadsts.next.account",
		Actions: []link{{"error.action.signin", "/login"}, {"error.action.home", "/"}},
		Details: errorDetails{
			Remedy: "aadsts.unassigned.remedy",
			AADSTS: 50105, Code: "access_denied",
			CorrelationID: "2b8e1b9c-3c0f-4a59-9a65-7b1a8a5d9f01",
			TraceID:       "9a3e7d54-8d7c-4a1f-b6a3-0f5a4c3b2a00",
			Time:          "2026-11-23 16:09:57Z", RequestID: "r-7f3a9c21", Status: 403,
		},
	}
}

// sampleRefusal is the error page of a request that is too much.
func sampleRefusal(name string, status int, why message) sample {
	prefix := message("error." + name)
	return sample{"error-" + name, chrome{}, errorView{
		Heading: prefix + ".heading", Sentence: prefix + ".sentence", Why: why, Next: prefix + ".next",
		Actions: []link{{"error.action.home", "/"}}, Details: errorDetails{RequestID: "r-7f3a9c21", Status: status},
	}}
}

func sampleSessions() sessionsView {
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	row := func(id, device string, this bool, ago time.Duration) sessionRow {
		return sessionRow{ID: id, Device: device, This: this, Started: newMoment(now.Add(-5*time.Hour), now), Seen: newMoment(now.Add(-ago), now)}
	}
	return sessionsView{Others: true, Sessions: []sessionRow{
		row("a", "Chrome, Linux", true, 0), row("b", "Mobile Safari, iOS", false, 12*time.Minute), row("c", "", false, 3*time.Hour),
	}}
}

func sampleGroups() groupsView {
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	v := groupsView{Known: true, AsOf: newMoment(now.Add(-3*time.Minute), now)}
	for range 40 {
		v.IDs = append(v.IDs, "6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c")
	}
	return v
}

// samples holds every page in each of its variants.
func samples() []sample {
	anyone := chrome{}
	here := signedIn("")
	return []sample{
		{"signin", anyone, signInView{LoginURL: "/login"}},
		{"signin-lost", anyone, signInView{LoginURL: "/login", Wanted: "/", Lost: true}},
		{"signin-wanted", anyone, signInView{LoginURL: "/login?return_to=%2Freports%3Fyear%3D2026%26q%3Da", Wanted: "/reports?year=2026&q=a"}},
		{"signin-down", anyone, signInView{LoginURL: "/login", ProviderDown: true}},
		{"home", signedIn("/"), sampleHome()},
		{"home-guest", chrome{SignedIn: true, Name: sampleGuest().Name}, sampleGuest()},
		{"home-hebrew", chrome{SignedIn: true, Name: sampleHebrew().Name}, sampleHebrew()},
		{"home-issuer", signedIn("/"), sampleIssuer()},
		{"home-nameless", chrome{SignedIn: true}, homeView{}},
		{"api", signedIn("/call_api"), apiView{
			Method: "GET", Endpoint: "https://graph.example/v1.0/me", Status: 200, Took: 184 * time.Millisecond,
			Body: readableBody([]byte(sampleJSON)), Truncated: true,
		}},
		{"api-failed", signedIn("/call_api"), apiView{
			Method: "GET", Endpoint: "https://graph.example/v1.0/me", Status: 403, Took: 92 * time.Millisecond,
			Explanation: "api.explain.forbidden",
			Body:        readableBody([]byte(`{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`)),
		}},
		{"api-unreachable", signedIn("/call_api"), apiView{
			Method: "GET", Endpoint: "https://graph.example/v1.0/me", Took: 10 * time.Second,
			Explanation: "error.api.sentence",
		}},
		{"api-waiting", signedIn("/call_api"), apiView{
			Method: "GET", Endpoint: "https://graph.example/v1.0/me", Took: 5 * time.Second, Explanation: "error.apibusy.sentence",
		}},
		{"signout", here, signOutView{AtProvider: true}},
		{"signout-nobody", anyone, signOutView{}},
		{"signedout", anyone, signedOutView{LoginURL: "/login", AtProvider: true}},
		{"signedout-here", anyone, signedOutView{LoginURL: "/login"}},
		{"error", anyone, sampleError()},
		{"error-long", anyone, errorView{
			Heading: "error.refused.heading", Sentence: "aadsts.assertion.sentence", Next: "aadsts.next.admin",
			Actions: []link{{"error.action.signin", "/login"}, {"error.action.retry", "/"}, {"error.action.home", "/"}},
			Details: errorDetails{Remedy: "aadsts.assertion.remedy", Code: "invalid_client", RequestID: "r-7f3a9c21", Status: 403},
		}},
		{"error-plain", here, errorView{
			Heading: "error.internal.heading", Sentence: "error.internal.sentence", Next: "error.internal.next",
			Actions: []link{{"error.action.retry", "/"}}, Details: errorDetails{RequestID: "r-7f3a9c21", Status: 500},
		}},
		{"error-toomany", anyone, errorView{
			Heading: "error.toomany.heading", Sentence: "error.toomany.sentence", Why: "error.toomany.why", Next: "error.toomany.next",
			Actions: []link{{"error.action.signin", "/login?return_to=%2Freports"}, {"error.action.home", "/"}},
			Details: errorDetails{RequestID: "r-7f3a9c21", Status: 429},
		}},
		{"error-crowded", here, errorView{
			Heading: "error.crowded.heading", Sentence: "error.crowded.sentence", Next: "error.crowded.next",
			Actions: []link{{"error.action.retry", "/reports"}, {"error.action.home", "/"}}, Details: errorDetails{RequestID: "r-7f3a9c21", Status: 503},
		}},
		sampleRefusal("cookies", 431, "error.cookies.why"), sampleRefusal("longurl", 414, ""),
		sampleRefusal("fields", 400, ""), sampleRefusal("mediatype", 415, ""), sampleRefusal("toolarge", 413, ""),
		{"forbidden", here, forbiddenView{Role: "Reports.Admin", Contact: "the help desk, extension 4711", Username: "ada@fabrikam.example"}},
		{"forbidden-plain", here, forbiddenView{Role: "Reports.Admin"}},
		{"sessions", signedIn("/sessions"), sampleSessions()},
		{"sessions-alone", signedIn("/sessions"), sessionsView{Sessions: sampleSessions().Sessions[:1]}},
		{"groups", here, sampleGroups()},
		{"groups-none", here, groupsView{Known: true, AsOf: sampleGroups().AsOf}},
		{"groups-unknown", here, groupsView{}},
		{"admin", here, adminView{Role: "Admin", Roles: []string{"Admin", "Reports.Read"}}},
		{"notfound", anyone, notFoundView{}},
		{"method", anyone, methodView{Allowed: []string{"GET", "HEAD"}}},
	}
}

// TestPreview lays all pages out as files, to be looked at in a browser:
//
//	go test -run TestPreview -artifacts -outputdir /tmp/preview ./internal/adapters/http
//
// and serve the directory that it prints with any file server, for the pages
// link to /static/.
func TestPreview(t *testing.T) {
	p, err := newPages(pageOptions{Demo: true, AppName: "Fabrikam Reports"})
	require.NoError(t, err)
	dir := t.ArtifactDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "static"), 0o755))
	for path, file := range p.static.files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(path)), file.body, 0o644))
	}
	for s, lang := range samplesInAllLanguages(p) {
		page := renderIn(t, p, lang, s.chrome, s.view)
		require.NoError(t, os.WriteFile(filepath.Join(dir, s.name+"."+lang+".html"), []byte(page), 0o644))
	}
}

// languages are the tags of all editions.
func languages(p *pages) []string {
	var tags []string
	for _, e := range p.editions {
		tags = append(tags, e.site.Lang)
	}
	return tags
}

// inAllLanguages yields each item with each language.
func inAllLanguages[T any](p *pages, items []T) iter.Seq2[T, string] {
	return func(yield func(T, string) bool) {
		for _, lang := range languages(p) {
			for _, item := range items {
				if !yield(item, lang) {
					return
				}
			}
		}
	}
}

func samplesInAllLanguages(p *pages) iter.Seq2[sample, string] { return inAllLanguages(p, samples()) }
