package browsertest

import (
	"context"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabStops is larger than the number of elements that can have the focus on any
// page.
const tabStops = 40

// TabTo presses the Tab key until an element of this ARIA role whose accessible
// name contains name has the focus.
func (tab *Tab) TabTo(role, name string) {
	tab.t.Helper()
	for range tabStops {
		tab.do("press Tab", chromedp.Steps(front(), chromedp.KeyEvent(kb.Tab)))
		node := run(tab, "find the focus", focused)
		if node != nil && text(node.Role) == role && strings.Contains(text(node.Name), name) {
			return
		}
	}
	tab.t.Errorf("the Tab key does not reach %s %q on %s", role, name, tab.URL())
	tab.t.FailNow()
}

// PressEnter presses Enter, waits for the next page and returns its status.
func (tab *Tab) PressEnter() int {
	tab.t.Helper()
	return tab.loads("press Enter", chromedp.KeyEvent(kb.Enter))
}

// Press presses a key that loads no other page.
func (tab *Tab) Press(key string) {
	tab.t.Helper()
	tab.do("press a key", chromedp.KeyEvent(key))
}

// FocusIsVisible reports whether the focused element looks different without the
// focus.
func (tab *Tab) FocusIsVisible() bool {
	tab.t.Helper()
	return run(tab, "look at the focus", chromedp.EvaluateAsDevTools[bool](`(() => {
		const look = (e) => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.backgroundColor, s.borderColor].join() };
		const e = document.activeElement, focused = look(e);
		e.blur();
		const plain = look(e);
		e.focus({focusVisible: true});
		return focused !== plain;
	})()`))
}

func front() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.BringToFront, cdp.Empty{})
		return err
	})
}

// focused returns the element with the focus, or nil.
func focused(ctx context.Context, t *chromedp.Target) (*accessibility.Node, error) {
	res, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return nil, err
	}
	var node *accessibility.Node
	for _, n := range res.Nodes {
		for _, p := range n.Properties {
			if p.Name == accessibility.PropertyNameFocused && string(p.Value.Value) == "true" && text(n.Role) != "RootWebArea" {
				node = n
			}
		}
	}
	return node, nil
}
