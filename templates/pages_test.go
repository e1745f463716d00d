package templates

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const demoBanner = "Demo: sample accounts and a built-in provider. Not Microsoft, not for production."

func mustPages(t testing.TB, opt Options) *Pages {
	t.Helper()
	if opt.AppName == "" {
		opt.AppName = "Fabrikam Reports"
	}
	p, err := New(opt)
	require.NoError(t, err)
	return p
}

// anyRequest returns a request without Accept-Language.
func anyRequest() *http.Request { return httptest.NewRequest(http.MethodGet, "/", nil) }

// requestIn returns a request with the Accept-Language lang.
func requestIn(lang string) *http.Request {
	r := anyRequest()
	r.Header.Set("Accept-Language", lang)
	return r
}

func render(t testing.TB, p *Pages, c Chrome, v View) string {
	t.Helper()
	return renderIn(t, p, SourceLanguage, c, v)
}

func renderIn(t testing.TB, p *Pages, lang string, c Chrome, v View) string {
	t.Helper()
	rec := httptest.NewRecorder()
	require.NoError(t, p.Write(rec, requestIn(lang), http.StatusOK, c, v))
	return rec.Body.String()
}

// words returns the text of a page without tags and with single spaces.
func words(page string) string {
	text := regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(page, " ")
	text = strings.Join(strings.Fields(html.UnescapeString(text)), " ")
	return regexp.MustCompile(` ([,.:!?])`).ReplaceAllString(text, "$1")
}

func sampleNamed(t testing.TB, name string) sample {
	t.Helper()
	for _, s := range samples() {
		if s.name == name {
			return s
		}
	}
	require.FailNow(t, "no such sample", name)
	return sample{}
}

func TestEveryPageIsWellMade(t *testing.T) {
	for _, demo := range []bool{false, true} {
		p := mustPages(t, Options{Demo: demo})
		for s, lang := range samplesInAllLanguages(p) {
			t.Run(lang+" "+s.name+" demo="+strconv.FormatBool(demo), func(t *testing.T) {
				page := renderIn(t, p, lang, s.chrome, s.view)
				for _, once := range []string{
					"<!doctype html>", `<html lang="` + lang + `" dir="ltr">`, "<title>", `<meta name="viewport" content="width=device-width, initial-scale=1">`,
					"<h1", `<header class="top">`, "<main", `href="#main"`, `href="` + p.static.urls["style.css"] + `"`, `href="` + p.static.urls["favicon.svg"] + `"`, `src="` + p.static.urls["favicon.svg"] + `"`,
				} {
					assert.Equal(t, 1, strings.Count(page, once), once)
				}
				for _, never := range []string{"<style", "style=", "javascript:", "ZgotmplZ", "%!"} {
					assert.NotContains(t, strings.ToLower(page), strings.ToLower(never))
				}
				assert.NotRegexp(t, `(?i)\son[a-z]+=`, page, "no event handlers")
				assert.NotRegexp(t, `<script[^>]*>[^<]`, page, "no script inside a page")
				assert.NotRegexp(t, `(src|action)="(https?:)?//|<link[^>]*"(https?:)?//`, page, "nothing from other sites")
				for _, m := range regexp.MustCompile(`"(/static/[^"]*)"`).FindAllStringSubmatch(page, -1) {
					assert.Contains(t, p.static.files, m[1])
				}
				assert.Less(t, strings.Index(page, "<h1"), strings.Index(page+"<h2", "<h2"), "h1 comes first")
				assert.Equal(t, demo, strings.Contains(page, `<p class="demo">`), "demo banner")
				if lang == SourceLanguage {
					assert.Equal(t, demo, strings.Contains(words(page), demoBanner), "demo banner")
				}
				assert.NotRegexp(t, keyForm(p), ourWords(page), "no key instead of a text")
			})
		}
	}
}

// moved returns a sample whose own links are below base, as the handlers make them.
func (s sample) moved(base string) sample {
	links := func(all []Link) (moved []Link) {
		for _, l := range all {
			moved = append(moved, Link{Text: l.Text, URL: base + l.URL, NewTab: l.NewTab})
		}
		return moved
	}
	s.chrome.Nav, s.chrome.Current = links(s.chrome.Nav), base+s.chrome.Current
	switch v := s.view.(type) {
	case SignIn:
		v.LoginURL = base + v.LoginURL
		s.view = v
	case SignedOut:
		v.LoginURL = base + v.LoginURL
		s.view = v
	case Error:
		v.Actions = links(v.Actions)
		s.view = v
	}
	return s
}

// Every link, form and file of every page is below the base path.
func TestEveryURLIsBelowTheBasePath(t *testing.T) {
	const base = "/_signin"
	plain, p := mustPages(t, Options{}), mustPages(t, Options{BasePath: base})
	local := regexp.MustCompile(`([a-z-]+)="(/[^"]*)"`)
	for s, lang := range samplesInAllLanguages(p) {
		s := s.moved(base)
		page := renderIn(t, p, lang, s.chrome, s.view)
		urls := local.FindAllStringSubmatch(page, -1)
		assert.NotEmpty(t, urls, s.name)
		for _, m := range urls {
			assert.True(t, strings.HasPrefix(m[2], base+"/"), "%s: %s", s.name, m[0])
		}
	}
	for s, lang := range samplesInAllLanguages(plain) {
		moved := s.moved(base)
		page := renderIn(t, p, lang, moved.chrome, moved.view)
		assert.Equal(t, renderIn(t, plain, lang, s.chrome, s.view), strings.ReplaceAll(page, `"`+base+"/", `"/`), "%s: nothing else differs", s.name)
	}
}

// A static file does not know the base path, so its own links are relative.
func TestStaticFilesNameNoAbsolutePath(t *testing.T) {
	for path, file := range mustPages(t, Options{}).static.files {
		assert.NotRegexp(t, "[\"'`(]/[A-Za-z_]", string(file.body), path)
	}
}

func TestIDsAreUniqueAndReferencesResolve(t *testing.T) {
	p := mustPages(t, Options{})
	for s, lang := range samplesInAllLanguages(p) {
		page := renderIn(t, p, lang, s.chrome, s.view)
		ids := map[string]int{}
		for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			ids[m[1]]++
			assert.Equal(t, 1, ids[m[1]], "%s: id %s", s.name, m[1])
		}
		for _, m := range regexp.MustCompile(`aria-labelledby="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			assert.Contains(t, ids, m[1], s.name)
		}
	}
}

func TestPagesHaveDifferentTitles(t *testing.T) {
	for _, lang := range languages(mustPages(t, Options{})) {
		t.Run(lang, func(t *testing.T) { pagesHaveDifferentTitles(t, lang) })
	}
}

func pagesHaveDifferentTitles(t *testing.T, lang string) {
	p := mustPages(t, Options{})
	title := regexp.MustCompile(`<title>(.+) - Fabrikam Reports</title>`)
	pageOf := map[string]string{}
	for _, s := range samples() {
		m := title.FindStringSubmatch(renderIn(t, p, lang, s.chrome, s.view))
		require.NotNil(t, m, s.name)
		if other, ok := pageOf[m[1]]; ok {
			assert.Equal(t, other, fmt.Sprintf("%T", s.view), "two pages share the title %q", m[1])
		}
		pageOf[m[1]] = fmt.Sprintf("%T", s.view)
	}
}

func TestTextsOfPages(t *testing.T) {
	p, demo := mustPages(t, Options{}), mustPages(t, Options{Demo: true})
	for _, c := range []struct {
		sample string
		demo   bool
		says   []string
		not    []string
	}{
		{"signin", false, []string{"Sign in", "on the page of the sign-in service"}, []string{"cannot be reached", "Sign out", "sample accounts"}},
		{"signin", true, []string{"one of several sample accounts"}, nil},
		{"signin-wanted", false, []string{"You need to sign in to open this page.", "/reports?year=2026&q=a"}, nil},
		{"signin-down", false, []string{"The sign-in service cannot be reached at the moment."}, nil},
		{"home", false, []string{
			"Welcome Ada Lovelace!", "Username ada@fabrikam.example", "Tenant ID 6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c",
			"Roles Reports.Read Admin", "Groups See your groups", "Signed in since 23 November 2026, 16:07 UTC 2 minutes ago",
			"Expires if not used 23 November 2026, 17:07 UTC in 58 minutes",
			"Expires in any case 24 November 2026, 04:07 UTC in 11 hours",
			"The identity provider sent these claims", "iat 1795450140 23 November 2026, 16:09 UTC", "Call an API",
		}, []string{"Guest", "Issuer"}},
		{"home-issuer", false, []string{"Issuer https://id.fabrikam.example"}, []string{"Tenant ID", "See your groups"}},
		{"home-guest", false, []string{"Guest", "Roles None"}, []string{"Call an API", "Claims"}},
		{"home-nameless", false, []string{"Welcome!", "Sign out"}, []string{"Signed in as", "Username", "Tenant"}},
		{"signout", false, []string{"Sign out?", "Cancel", "taken to the sign-in service"}, nil},
		{"signout-nobody", false, []string{"You are not signed in"}, []string{"Sign out"}},
		{"signedout", false, []string{"You are signed out", "the sign-in service was asked to sign you out too", "Sign in again", "close all windows"}, nil},
		{"signedout-here", false, []string{"You may still be signed in"}, nil},
		{"error", false, []string{
			"You do not have access to this application", "Your account is not assigned", "What to do next Sign in again and choose",
			"Sign in again", "Details for your administrator", "Under Enterprise applications", "Error number: AADSTS50105", "access_denied",
			"Correlation ID: 2b8e1b9c-3c0f-4a59-9a65-7b1a8a5d9f01", "Trace ID", "Time: 2026-11-23 16:09:57Z", "Request ID: r-7f3a9c21", "Status: 403",
		}, nil},
		{"error-plain", false, []string{"Request ID", "Status: 500"}, []string{"Why", "at Microsoft", "AADSTS", "Error code", "Correlation", "Trace", "Time"}},
		{"forbidden", false, []string{"as ada@fabrikam.example", "Missing role Reports.Admin", "Ask the administrator of this application"}, nil},
		{"forbidden-plain", false, []string{"Your account does not have the role"}, nil},
		{"notfound", false, []string{"Page not found"}, nil},
		{"method", false, []string{"Allowed methods GET, HEAD"}, nil},
	} {
		t.Run(c.sample, func(t *testing.T) {
			set := p
			if c.demo {
				set = demo
			}
			requireWords(t, set, c.sample, c.says, c.not)
		})
	}
}

// requireWords requires the texts in says, and none of the texts in not, on a page.
func requireWords(t *testing.T, p *Pages, name string, says, not []string) {
	t.Helper()
	s := sampleNamed(t, name)
	text := words(render(t, p, s.chrome, s.view))
	for _, said := range says {
		assert.Contains(t, text, said)
	}
	for _, never := range not {
		assert.NotContains(t, text, never)
	}
}

func TestMarkup(t *testing.T) {
	p := mustPages(t, Options{})
	for name, parts := range map[string][]string{
		"signin-wanted": {`href="/login?return_to=%2Freports%3Fyear%3D2026%26q%3Da"`},
		"home": {
			"<h1>Welcome Ada Lovelace!</h1>", `<a href="/" aria-current="page">Home</a>`, `<a href="/call_api">Call an API</a>`,
			`<form method="post" action="/logout">`, `<time datetime="2026-11-24T04:07:00Z">`, "<details", "<caption>", `<th scope="row">iss</th>`,
		},
		"sessions": {`<button class="button quiet" type="submit" aria-describedby="others">End all other sessions</button>`},
		"error": {
			"<summary>Details for your administrator</summary>",
			"<pre class=\"facts\">Error number: AADSTS50105\nError code: access_denied\nCorrelation ID: 2b8e1b9c-3c0f-4a59-9a65-7b1a8a5d9f01\n",
		},
		"home-hebrew": {`<th scope="row">preferred_<wbr>username</th>`, `<th scope="row">login_<wbr>hint</th>`},
		"signout":     {`<form class="actions" method="post" action="/logout">`, `<a class="button quiet" href="/">Cancel</a>`},
	} {
		s := sampleNamed(t, name)
		page := render(t, p, s.chrome, s.view)
		for _, part := range parts {
			assert.Contains(t, page, part, name)
		}
	}
}

// All pages for signed-in users start with their heading at the same place. Only
// the question whether to sign out is a card in the middle.
func TestSignedInPagesShareOneLayout(t *testing.T) {
	p := mustPages(t, Options{})
	for _, s := range samples() {
		if _, question := s.view.(SignOut); question || !s.chrome.SignedIn {
			continue
		}
		assert.Regexp(t, `<main [^>]*>(<div class="open">)?\s*<h1`, render(t, p, s.chrome, s.view), "the page %s begins with its heading", s.name)
	}
}

// fill sets every string in v to text.
func fill(v reflect.Value, text string) {
	if !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(403)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), text)
	}
}

// oneOfEach returns one view of each type.
func oneOfEach() (views []View) {
	seen := map[reflect.Type]bool{}
	for _, s := range samples() {
		if kind := reflect.TypeOf(s.view); !seen[kind] {
			seen[kind] = true
			views = append(views, s.view)
		}
	}
	return views
}

func TestHostileTextStaysText(t *testing.T) {
	p := mustPages(t, Options{})
	quoted := regexp.MustCompile(`"[^"]*"`)
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`,
		`</title><script>`, `</code></pre><script>`, `{{.Site}}`, "\u202Eevil\x00\xff", `data:text/html,<script>`,
	} {
		for empty, lang := range inAllLanguages(p, oneOfEach()) {
			full := reflect.New(reflect.TypeOf(empty)).Elem()
			fill(full, text)
			var c Chrome
			fill(reflect.ValueOf(&c).Elem(), text)
			page := strings.ToLower(renderIn(t, p, lang, c, full.Interface().(View)))
			assert.NotContains(t, page, "<script>", fmt.Sprintf("%T", empty))
			assert.NotContains(t, page, "<img src=x", fmt.Sprintf("%T", empty))
			assert.NotRegexp(t, `<[^>]*\son[a-z]+=`, quoted.ReplaceAllString(page, `""`), fmt.Sprintf("%T", empty))
			assert.NotRegexp(t, `(href|src|action)="(javascript|data):`, page, fmt.Sprintf("%T", empty))
			assert.Equal(t, 1, strings.Count(page, "<main"), fmt.Sprintf("%T", empty))
		}
	}
}

func TestUnusualNamesAreShown(t *testing.T) {
	p := mustPages(t, Options{})
	for _, name := range []string{strings.Repeat("Wolfeschlegelstein", 60), "מיכל לוי", "王小明", "O'Brien & <Sons>"} {
		page := render(t, p, Chrome{SignedIn: true, Name: name}, Home{Name: name})
		assert.Contains(t, words(page), "Welcome "+name+"!")
		assert.Contains(t, page, "<bdi>"+html.EscapeString(name)+"</bdi>", "a right-to-left name does not reorder the text around it")
	}
}

// embedded returns a copy of the embedded files for changes by a test.
func embedded(t *testing.T) fstest.MapFS {
	t.Helper()
	copied := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		copied[name] = &fstest.MapFile{Data: data}
		return err
	}))
	return copied
}

// brokenView returns an error after it has written something.
type brokenView struct{}

func (brokenView) Title(*Page) string { return "Broken" }

func (brokenView) Main(*Page) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, "half of ")
		return errors.New("cannot be shown")
	})
}

func TestFailedPageWritesNothing(t *testing.T) {
	rec := httptest.NewRecorder()
	require.ErrorContains(t, mustPages(t, Options{}).Write(rec, anyRequest(), http.StatusOK, Chrome{}, brokenView{}), "page templates.brokenView: cannot be shown")
	assert.Empty(t, rec.Body.String())
	assert.Empty(t, rec.Header())
}

func TestGetAndHeadAgree(t *testing.T) {
	p := mustPages(t, Options{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, p.Write(w, r, http.StatusNotFound, Chrome{}, NotFound{}))
	}))
	defer srv.Close()
	lengths := map[string]int64{}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusNotFound, res.StatusCode)
		assert.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
		lengths[method] = res.ContentLength
		if method == http.MethodGet {
			assert.EqualValues(t, res.ContentLength, len(body))
		}
	}
	assert.Positive(t, lengths[http.MethodHead])
	assert.Equal(t, lengths[http.MethodGet], lengths[http.MethodHead])
}

func TestConcurrentPagesDoNotMix(t *testing.T) {
	p := mustPages(t, Options{})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			name := strings.Repeat(strconv.Itoa(i), 20)
			for range 20 {
				rec := httptest.NewRecorder()
				assert.NoError(t, p.Write(rec, anyRequest(), http.StatusOK, Chrome{}, Home{Name: name}))
				assert.Contains(t, rec.Body.String(), "Welcome "+name+"!")
				assert.Equal(t, strconv.Itoa(rec.Body.Len()), rec.Header().Get("Content-Length"))
			}
		})
	}
	group.Wait()
}

func TestLargePageDoesNotStayInMemory(t *testing.T) {
	p := mustPages(t, Options{})
	large := new(bytes.Buffer)
	large.Grow(4 << 20)
	p.release(large)
	assert.LessOrEqual(t, p.buffers.Get().(*bytes.Buffer).Cap(), maxPooledBuffer)
}

func BenchmarkHomePage(b *testing.B) {
	benchmarkPage(b, signedIn("/"), sampleHome())
}

func BenchmarkSmallPage(b *testing.B) {
	benchmarkPage(b, Chrome{}, NotFound{})
}

func benchmarkPage(b *testing.B, c Chrome, v View) {
	p := mustPages(b, Options{})
	page := &Page{Options: p.options, Chrome: c, words: p.source(), static: p.static}
	b.ReportAllocs()
	for b.Loop() {
		if err := layout(page, v).Render(b.Context(), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// keyForm matches keys of messages, even unknown ones with the first part of a known
// key.
func keyForm(p *Pages) *regexp.Regexp {
	families := map[string]bool{}
	for m := range p.source().texts {
		if family, _, dotted := strings.Cut(string(m), "."); dotted {
			families[family] = true
		}
	}
	return regexp.MustCompile(`\b(` + strings.Join(slices.Collect(maps.Keys(families)), "|") + `)\.[a-z]+(\.[a-z]+)*\b`)
}

// ourWords returns the text of a page without the elements that show data.
func ourWords(page string) string {
	data := regexp.MustCompile(`(?s)<(code|bdi|time|dd|table)[ >].*?</(code|bdi|time|dd|table)>`)
	return words(data.ReplaceAllString(page, ""))
}
