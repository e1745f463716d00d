//go:build integration

package browsertest_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

const decent = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Decent</title>
<style>html { background: #fff; color: #000; color-scheme: light dark } @media (prefers-color-scheme: dark) { html { background: #000; color: #fff } }</style>
<body><main><h1>Decent</h1><p><a href="/missing">Missing page</a> <button>Nothing</button></p></main>`

// site serves pages for the tests of the helpers.
func site(t *testing.T) string {
	pages := map[string]string{
		"/":           decent,
		"/throws":     decent + `<script>throw new Error("thrown on purpose")</script>`,
		"/complains":  decent + `<script>console.error("said on purpose")</script>`,
		"/blocked":    decent + `<script>document.title = "ran"</script>`,
		"/incomplete": decent + `<img alt="none" src="/missing.png">`,
		"/unnamed":    `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>x</title><main><h1>x</h1><input></main>`,
		"/wide":       decent + `<div style="width: 3000px">wide</div>`,
		"/scripted":   decent + `<script>document.title = "ran"</script>`,
		"/leaves":     decent + `<script>setTimeout(() => location.href = "/agent")</script>`,
		"/form":       decent + `<form method="post" action="/moved"><label>Name <input name="name"></label><button>Send</button></form>`,
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/got?name="+r.PostFormValue("name"), http.StatusSeeOther)
			return
		case r.URL.Path == "/agent":
			page = decent + "<p>" + html.EscapeString(r.UserAgent())
		case r.URL.Path == "/got":
			page = decent + "<p>got " + r.FormValue("name")
		case r.URL.Path == "/blocked":
			w.Header().Set("Content-Security-Policy", "script-src 'none'")
		case !ok:
			w.WriteHeader(http.StatusNotFound)
			page = strings.ReplaceAll(decent, "Decent", "Not found")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, page)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func launch(t *testing.T) *browsertest.Browser {
	t.Helper()
	b, err := browsertest.Launch(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	return b
}

func TestTabFollowsLinksAndForms(t *testing.T) {
	url, tab := site(t), launch(t).Visitor(t).Tab()

	require.Equal(t, http.StatusOK, tab.Open(url))
	require.True(t, tab.Has("heading", "Decent"))
	require.Equal(t, http.StatusNotFound, tab.Follow("link", "Missing page"))
	require.Equal(t, url+"/missing", tab.URL())

	tab.Back()
	require.Equal(t, "Decent", tab.Title())
	tab.Open(url + "/form")
	tab.Type("Name", "Ada")
	require.Equal(t, http.StatusOK, tab.Follow("button", "Send"))
	require.Contains(t, tab.Text(), "got Ada")
	require.Equal(t, http.StatusOK, tab.Reload())
}

func TestTabWorksByKeyboard(t *testing.T) {
	url, tab := site(t), launch(t).Visitor(t).Tab()
	tab.Open(url)
	tab.TabTo("link", "Missing page")
	require.True(t, tab.FocusIsVisible())
	require.Equal(t, http.StatusNotFound, tab.PressEnter())
}

func TestBrowserErrorsFailTheTest(t *testing.T) {
	url, browser := site(t), launch(t)
	for path, want := range map[string]string{
		"/throws":     "thrown on purpose",
		"/complains":  "said on purpose",
		"/blocked":    "Content Security Policy",
		"/incomplete": "404",
		"/":           "",
		"/missing":    "",
	} {
		t.Run(path, func(t *testing.T) {
			r := &recorder{T: t}
			browser.Visitor(r).Tab().Open(url + path)
			r.finish()
			if want == "" {
				require.Empty(t, r.errors)
				return
			}
			require.NotEmpty(t, r.errors)
			require.Contains(t, strings.Join(r.errors, "\n"), want)
		})
	}
}

func TestTabArrivesWithoutBeingTold(t *testing.T) {
	url, tab := site(t), launch(t).Visitor(t).Tab()
	tab.Identify("Mozilla/5.0 (X11; Linux) Netscape/9")
	tab.Open(url + "/leaves")
	tab.Arrive(url + "/agent")
	require.Contains(t, tab.Text(), "Netscape/9")
}

func TestAnyCertificateCanBeTrusted(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, decent)
	}))
	t.Cleanup(srv.Close)
	tab := launch(t).Visitor(t).Tab()
	tab.TrustAnyCertificate()
	require.Equal(t, http.StatusOK, tab.Open(srv.URL))
}

func TestScriptsCanBeDisabled(t *testing.T) {
	url, tab := site(t), launch(t).Visitor(t).Tab()
	tab.Open(url + "/scripted")
	require.Equal(t, "ran", tab.Title())
	tab.DisableScripts()
	tab.Open(url + "/scripted")
	require.Equal(t, "Decent", tab.Title())
	require.Equal(t, http.StatusNotFound, tab.Follow("link", "Missing page"))
}

func TestOverflowIsMeasured(t *testing.T) {
	url, tab := site(t), launch(t).Visitor(t).Tab()
	tab.Resize(browsertest.Phone)
	tab.Open(url)
	require.Zero(t, tab.Overflow())
	tab.Open(url + "/wide")
	require.Positive(t, tab.Overflow())
}

func TestAxeFindsViolations(t *testing.T) {
	url, tab := site(t), launch(t).Visitor(t).Tab()
	_, here, _, _ := runtime.Caller(0)
	axe, err := browsertest.LoadAxe(filepath.Join(filepath.Dir(here), "..", "..", "e2e", "journeys", "testdata", "oidc-provider", "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)

	tab.Prefer(browsertest.Dark)
	tab.Open(url)
	require.Empty(t, axe.Violations(tab))
	tab.Open(url + "/unnamed")
	found := axe.Violations(tab)
	require.NotEmpty(t, found)
	require.Contains(t, fmt.Sprint(found), "label")
}

func TestVisitorsShareNoCookies(t *testing.T) {
	url, browser := site(t), launch(t)
	first, second := browser.Visitor(t), browser.Visitor(t)
	first.Tab().SetCookie(url, &http.Cookie{Name: "mine", Value: "1"})
	require.Len(t, first.Tab().Cookies(url), 1)
	require.Empty(t, second.Tab().Cookies(url))
}

// recorder is a T whose failure does not fail the test.
type recorder struct {
	*testing.T
	mu       sync.Mutex
	errors   []string
	cleanups []func()
}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) finish() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}
