package browsertest

import (
	"context"
	"errors"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Back goes back to the previous page. The browser can show it from its cache
// without a request.
func (tab *Tab) Back() {
	tab.t.Helper()
	// A page from the back/forward cache fires no load event.
	arrived := chromedp.WaitEvent(page.FrameNavigated, func(e page.EventFrameNavigated) bool {
		return e.Frame.ParentID == ""
	}, chromedp.Func(goBack))
	run(tab, "go back", arrived)
	tab.do("wait for the page", chromedp.Func(complete))
}

// place is the URL of a tab and whether the page has loaded completely.
type place struct {
	URL      string `json:"url"`
	Complete bool   `json:"complete"`
}

// complete waits until the page has loaded completely.
func complete(ctx context.Context, t *chromedp.Target) error {
	return ready(ctx, t, func(p place) bool { return p.Complete })
}

// ready waits until there returns true. While the browser changes pages, scripts
// fail because the old page's context is gone and the new one is not known yet, so
// ready tries again.
func ready(ctx context.Context, t *chromedp.Target, there func(place) bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		at, err := chromedp.EvaluateAsDevTools[place](`({url: location.href, complete: document.readyState === "complete"})`)(ctx, t)
		if err == nil && there(at) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

func goBack(ctx context.Context, t *chromedp.Target) error {
	history, err := cdp.Call(ctx, t, page.GetNavigationHistory, cdp.Empty{})
	if err != nil {
		return err
	}
	if history.CurrentIndex < 1 {
		return errors.New("the tab has no earlier page")
	}
	_, err = cdp.Call(ctx, t, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{
		EntryID: history.Entries[history.CurrentIndex-1].ID,
	})
	return err
}
