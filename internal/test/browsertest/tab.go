package browsertest

import (
	"context"
	"strings"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// stepTimeout bounds each step, so that the error names the step.
const stepTimeout = 20 * time.Second

// Tab is a browser tab. Its methods end the test if they fail.
type Tab struct {
	t       T
	ctx     context.Context
	console *console
}

// Tab opens an empty tab. At the end of the test, errors that the browser has
// reported fail the test.
func (v *Visitor) Tab() *Tab {
	v.t.Helper()
	c := newConsole()
	ctx, cancel := chromedp.NewContext(v.ctx, chromedp.WithListener(c.listen))
	tab := &Tab{t: v.t, ctx: ctx, console: c}
	v.t.Cleanup(func() {
		tab.reportComplaints()
		cancel()
	})
	check(v.t, chromedp.Do(ctx), "open a tab")
	return tab
}

// Open opens url and returns the status of the page after all redirects.
func (tab *Tab) Open(url string) int {
	tab.t.Helper()
	return tab.loads("open "+url, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		var res page.NavigateResult
		return t.Call(ctx, page.CommandNavigate, page.NavigateParams{URL: url}, &res)
	}))
}

// Reload reloads the page and returns its status.
func (tab *Tab) Reload() int {
	tab.t.Helper()
	return tab.loads("reload", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		return t.Call(ctx, page.CommandReload, page.ReloadParams{}, nil)
	}))
}

// Arrive waits until a page whose URL begins with prefix has loaded.
func (tab *Tab) Arrive(prefix string) {
	tab.t.Helper()
	tab.do("arrive at "+prefix, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		return ready(ctx, t, func(p place) bool { return p.Complete && strings.HasPrefix(p.URL, prefix) })
	}))
}

// URL returns the URL of the page.
func (tab *Tab) URL() string {
	tab.t.Helper()
	return run(tab, "read the address", chromedp.Location())
}

// Title returns the title of the page.
func (tab *Tab) Title() string {
	tab.t.Helper()
	return run(tab, "read the title", chromedp.Title())
}

// Text returns the visible text of the page.
func (tab *Tab) Text() string {
	tab.t.Helper()
	return run(tab, "read the page", chromedp.EvaluateAsDevTools[string](`document.body.innerText`))
}

// Run runs a script in the page.
func (tab *Tab) Run(script string) {
	tab.t.Helper()
	tab.do("run a script", chromedp.EvaluateAsDevTools[chromedp.Void](script+"; undefined"))
}

// loads runs an action that loads a page and returns the status of the page.
func (tab *Tab) loads(what string, action chromedp.Action[chromedp.Void]) int {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTimeout)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, action)
	tab.fail(err, what)
	if resp == nil {
		return 0
	}
	return int(resp.Status)
}

// do runs an action that stays on the page.
func (tab *Tab) do(what string, action chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	run(tab, what, action)
}

func run[R any](tab *Tab, what string, action chromedp.Action[R]) R {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTimeout)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	tab.fail(err, what)
	return result
}

// fail ends the test if err is not nil. It reports the URL and the errors of the
// browser.
func (tab *Tab) fail(err error, what string) {
	tab.t.Helper()
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(tab.ctx, time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location()) // empty if that fails too
	tab.t.Errorf("%s: %v\nat: %s\nconsole: %q", what, err, at, tab.console.all())
	tab.t.FailNow()
}
