package templates

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sample is a variant of a page.
type sample struct {
	name   string
	chrome Chrome
	view   View
}

func signedIn(current string) Chrome {
	return Chrome{
		SignedIn: true, Name: "Ada Lovelace", Current: current,
		Nav: []Link{{Text: "nav.home", URL: "/"}, {Text: "nav.api", URL: "/call_api"}, {Text: "nav.groups", URL: "/groups"}, {Text: "nav.admin", URL: "/admin"}, {Text: "nav.sessions", URL: "/sessions"}},
	}
}

func sampleHome() Home {
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	issued := NewMoment(time.Unix(1795450140, 0), now)
	return Home{
		Name: "Ada Lovelace", Username: "ada@fabrikam.example",
		TenantID:    "6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c",
		Issuer:      "https://login.microsoftonline.com/6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c/v2.0",
		Roles:       []string{"Reports.Read", "Admin"},
		Started:     NewMoment(now.Add(-2*time.Minute), now),
		IdleEnd:     NewMoment(now.Add(58*time.Minute), now),
		AbsoluteEnd: NewMoment(now.Add(11*time.Hour+58*time.Minute), now),
		Claims: []Claim{
			{Name: "aud", Value: "11112222-bbbb-3333-cccc-4444dddd5555"},
			{Name: "iss", Value: "https://login.microsoftonline.com/6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c/v2.0"},
			{Name: "name", Value: "Ada Lovelace"},
			{Name: "preferred_username", Value: "ada@fabrikam.example"},
			{Name: "roles", Value: `["Reports.Read","Admin"]`},
			{Name: "login_hint", Value: strings.Repeat("O.CiQwMGRk", 20)},
			{Name: "iat", Value: "1795450140", Time: &issued},
		},
	}
}

func sampleGuest() Home {
	v := sampleHome()
	v.Name, v.Username = "Bartholomäus Wolfeschlegelsteinhausenbergerdorff", "bartholomaeus.wolfeschlegelsteinhausenbergerdorff#EXT#@fabrikam.example"
	v.Guest, v.Roles, v.Claims = true, nil, nil
	return v
}

func sampleIssuer() Home {
	v := sampleHome()
	v.TenantID, v.Issuer = "", "https://id.fabrikam.example"
	return v
}

func sampleHebrew() Home {
	v := sampleHome()
	v.Name, v.Roles = "מיכל לוי", []string{"קורא", "Admin"}
	return v
}

func sampleError() Error {
	return Error{
		Heading: "aadsts.noaccess.heading", Sentence: "aadsts.unassigned.sentence", Next: "aadsts.next.account",
		Actions: []Link{{Text: "error.action.signin", URL: "/login"}, {Text: "error.action.home", URL: "/"}},
		Details: ErrorDetails{
			Remedy: "aadsts.unassigned.remedy",
			Number: "AADSTS50105", Code: "access_denied",
			CorrelationID: "2b8e1b9c-3c0f-4a59-9a65-7b1a8a5d9f01",
			TraceID:       "9a3e7d54-8d7c-4a1f-b6a3-0f5a4c3b2a00",
			Time:          "2026-11-23 16:09:57Z", RequestID: "r-7f3a9c21", Status: 403,
		},
	}
}

// sampleRefusal returns the error page of an oversized request.
func sampleRefusal(name string, status int, why Message) sample {
	prefix := Message("error." + name)
	return sample{"error-" + name, Chrome{}, Error{
		Heading: prefix + ".heading", Sentence: prefix + ".sentence", Why: why, Next: prefix + ".next",
		Actions: []Link{{Text: "error.action.home", URL: "/"}}, Details: ErrorDetails{RequestID: "r-7f3a9c21", Status: status},
	}}
}

func sampleSessions() Sessions {
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	row := func(id, device string, this bool, ago time.Duration) SessionRow {
		return SessionRow{ID: id, Device: device, This: this, Started: NewMoment(now.Add(-5*time.Hour), now), Seen: NewMoment(now.Add(-ago), now)}
	}
	return Sessions{Others: true, Sessions: []SessionRow{
		row("a", "Chrome, Linux", true, 0), row("b", "Mobile Safari, iOS", false, 12*time.Minute), row("c", "", false, 3*time.Hour),
	}}
}

// OwnViews are the examples of webhttp.Pages. TestMain sets it.
var OwnViews []View

// moreSamples are the samples in the test files of single pages.
var moreSamples []sample

// addSamples adds samples of one page. The result only allows a call in a
// declaration.
func addSamples(samples ...sample) struct{} {
	moreSamples = append(moreSamples, samples...)
	return struct{}{}
}

// samples returns every page in all its variants.
func samples() []sample {
	anyone := Chrome{}
	here := signedIn("")
	own := slices.Clone(moreSamples)
	for _, v := range OwnViews {
		own = append(own, sample{fmt.Sprintf("own-%T", v), here, v})
	}
	return append(own, []sample{
		{"signin", anyone, SignIn{LoginURL: "/login"}},
		{"signin-lost", anyone, SignIn{LoginURL: "/login", Wanted: "/", Lost: true}},
		{"signin-wanted", anyone, SignIn{LoginURL: "/login?return_to=%2Freports%3Fyear%3D2026%26q%3Da", Wanted: "/reports?year=2026&q=a"}},
		{"signin-down", anyone, SignIn{LoginURL: "/login", ProviderDown: true}},
		{"signin-setup", anyone, SignIn{LoginURL: "/login", ProviderDown: true, ProviderSetup: true, Number: "AADSTS90002"}},
		{"home", signedIn("/"), sampleHome()},
		{"home-guest", Chrome{SignedIn: true, Name: sampleGuest().Name}, sampleGuest()},
		{"home-hebrew", Chrome{SignedIn: true, Name: sampleHebrew().Name}, sampleHebrew()},
		{"home-issuer", signedIn("/"), sampleIssuer()},
		{"home-nameless", Chrome{SignedIn: true}, Home{}},
		{"signout", here, SignOut{AtProvider: true}},
		{"signout-nobody", anyone, SignOut{}},
		{"signedout", anyone, SignedOut{LoginURL: "/login", AtProvider: true}},
		{"signedout-here", anyone, SignedOut{LoginURL: "/login"}},
		{"error", anyone, sampleError()},
		{"error-long", anyone, Error{
			Heading: "error.refused.heading", Sentence: "aadsts.assertion.sentence", Next: "aadsts.next.admin",
			Actions: []Link{{Text: "error.action.signin", URL: "/login"}, {Text: "error.action.retry", URL: "/"}, {Text: "error.action.home", URL: "/"}},
			Details: ErrorDetails{Remedy: "aadsts.assertion.remedy", Code: "invalid_client", RequestID: "r-7f3a9c21", Status: 403},
		}},
		{"error-adminconsent", anyone, Error{
			Heading: "error.refused.heading", Sentence: "aadsts.adminconsent.sentence", Next: "aadsts.next.approval",
			AdminConsentURL: "https://login.microsoftonline.com/organizations/v2.0/adminconsent?client_id=5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa&redirect_uri=https%3A%2F%2Fapp.example.com%2FgetAToken&scope=openid+profile+offline_access+User.Read",
			Actions:         []Link{{Text: "error.action.home", URL: "/"}, {Text: "error.action.signin", URL: "/login"}},
			Details:         ErrorDetails{Remedy: "aadsts.adminconsent.remedy", Number: "AADSTS90094", Code: "consent_required", RequestID: "r-7f3a9c21", Status: 403},
		}},
		{"error-plain", here, Error{
			Heading: "error.internal.heading", Sentence: "error.internal.sentence", Next: "error.internal.next",
			Actions: []Link{{Text: "error.action.retry", URL: "/"}}, Details: ErrorDetails{RequestID: "r-7f3a9c21", Status: 500},
		}},
		{"error-toomany", anyone, Error{
			Heading: "error.toomany.heading", Sentence: "error.toomany.sentence", Why: "error.toomany.why", Next: "error.toomany.next",
			Actions: []Link{{Text: "error.action.signin", URL: "/login?return_to=%2Freports"}, {Text: "error.action.home", URL: "/"}},
			Details: ErrorDetails{RequestID: "r-7f3a9c21", Status: 429},
		}},
		{"error-crowded", here, Error{
			Heading: "error.crowded.heading", Sentence: "error.crowded.sentence", Next: "error.crowded.next",
			Actions: []Link{{Text: "error.action.retry", URL: "/reports"}, {Text: "error.action.home", URL: "/"}}, Details: ErrorDetails{RequestID: "r-7f3a9c21", Status: 503},
		}},
		sampleRefusal("cookies", 431, "error.cookies.why"), sampleRefusal("longurl", 414, ""),
		sampleRefusal("fields", 400, ""), sampleRefusal("mediatype", 415, ""), sampleRefusal("toolarge", 413, ""),
		{"stepup", here, Error{
			Heading: "error.stepup.heading", Sentence: "error.stepup.sentence", Next: "error.stepup.next",
			Actions: []Link{{Text: "error.action.stepup", URL: "/reports", NewTab: true}, {Text: "error.action.home", URL: "/"}},
		}},
		{"forbidden", here, Forbidden{Role: "Reports.Admin", Username: "ada@fabrikam.example"}},
		{"forbidden-plain", here, Forbidden{Role: "Reports.Admin"}},
		{"sessions", signedIn("/sessions"), sampleSessions()},
		{"sessions-alone", signedIn("/sessions"), Sessions{Sessions: sampleSessions().Sessions[:1]}},
		{"notfound", anyone, NotFound{}},
		{"notfound-here", here, NotFound{}},
		{"error-here", here, sampleError()},
		{"method", anyone, MethodNotAllowed{Allowed: []string{"GET", "HEAD"}}},
	}...)
}

// TestPreview writes all pages to files for a browser:
//
//	go test -run TestPreview -artifacts -outputdir /tmp/preview ./templates
//
// Serve the directory that it prints with any file server, because the pages link
// to /static/.
func TestPreview(t *testing.T) {
	p, err := New(Options{Demo: true, AppName: "Fabrikam Reports"})
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

// languages returns the tags of all languages.
func languages(p *Pages) []string {
	var tags []string
	for _, c := range p.languages {
		tags = append(tags, c.lang)
	}
	return tags
}

// inAllLanguages yields each item with each language.
func inAllLanguages[T any](p *Pages, items []T) iter.Seq2[T, string] {
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

func samplesInAllLanguages(p *Pages) iter.Seq2[sample, string] { return inAllLanguages(p, samples()) }
