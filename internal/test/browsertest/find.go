package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Has reports whether the page has an element of this ARIA role whose accessible
// name contains name.
func (tab *Tab) Has(role, name string) bool {
	tab.t.Helper()
	return tab.Count(role, name) > 0
}

// WaitFor waits until the page has an element of this ARIA role whose accessible
// name contains name, or has none if gone is set.
func (tab *Tab) WaitFor(role, name string, gone bool) {
	tab.t.Helper()
	for until := time.Now().Add(stepTimeout); tab.Has(role, name) == gone; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			tab.fail(errors.New("it did not happen"), "wait for "+role+" "+name)
		}
	}
}

// Count returns the number of elements of this ARIA role whose accessible name
// contains name.
func (tab *Tab) Count(role, name string) int {
	tab.t.Helper()
	found := run(tab, "look for "+role+" "+name, chromedp.Action[[]*accessibility.Node](
		func(ctx context.Context, t *chromedp.Target) ([]*accessibility.Node, error) {
			return lookup(ctx, t, role, name)
		}))
	return len(found)
}

// Follow clicks the only element of this ARIA role whose accessible name contains
// name, waits for the next page and returns its status.
func (tab *Tab) Follow(role, name string) int {
	tab.t.Helper()
	return tab.loads("follow "+role+" "+name, click(role, name))
}

// Click clicks the only element of this ARIA role whose accessible name contains
// name. Use Follow if the click loads another page.
func (tab *Tab) Click(role, name string) {
	tab.t.Helper()
	tab.do("click "+role+" "+name, click(role, name))
}

// Type clicks into the field with this accessible name and types text.
func (tab *Tab) Type(field, text string) {
	tab.t.Helper()
	tab.do("type into "+field, chromedp.Steps(click("textbox", field), chromedp.KeyEvent(text)))
}

// click finds the element, scrolls it into view and clicks its middle.
func click(role, name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		node, err := theOne(ctx, t, role, name)
		if err != nil {
			return err
		}
		x, y, err := middle(ctx, t, node.BackendDOMNodeID)
		if err != nil {
			return err
		}
		_, err = chromedp.MouseClickXY(x, y)(ctx, t)
		return err
	})
}

func middle(ctx context.Context, t *chromedp.Target, id cdp.BackendNodeID) (x, y float64, err error) {
	// A tab in the background handles no input.
	if _, err := cdp.Call(ctx, t, page.BringToFront, cdp.Empty{}); err != nil {
		return 0, 0, err
	}
	if _, err := cdp.Call(ctx, t, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: id}); err != nil {
		return 0, 0, err
	}
	res, err := cdp.Call(ctx, t, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: id})
	if err != nil {
		return 0, 0, err
	}
	if len(res.Quads) == 0 {
		return 0, 0, fmt.Errorf("it is not visible")
	}
	q := res.Quads[0]
	return (q[0] + q[2] + q[4] + q[6]) / 4, (q[1] + q[3] + q[5] + q[7]) / 4, nil
}

// theOne returns the element with this name. It prefers an element whose whole name
// is name. If several elements fit, it returns an error, because a person could not
// tell them apart. Several links with the same URL are accepted.
func theOne(ctx context.Context, t *chromedp.Target, role, name string) (*accessibility.Node, error) {
	found, err := lookup(ctx, t, role, name)
	if err != nil {
		return nil, err
	}
	exact := slices.DeleteFunc(slices.Clone(found), func(n *accessibility.Node) bool { return text(n.Name) != name })
	if len(exact) > 0 {
		found = exact
	}
	found = slices.CompactFunc(found, func(a, b *accessibility.Node) bool { return href(a) != "" && href(a) == href(b) })
	if len(found) != 1 {
		return nil, fmt.Errorf("the page has %d such elements, want 1", len(found))
	}
	return found[0], nil
}

// href returns the URL of a link, or "".
func href(n *accessibility.Node) string {
	for _, p := range n.Properties {
		if p.Name == "url" {
			return text(p.Value)
		}
	}
	return ""
}

func lookup(ctx context.Context, t *chromedp.Target, role, name string) ([]*accessibility.Node, error) {
	res, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return nil, err
	}
	var found []*accessibility.Node
	for _, n := range res.Nodes {
		if !n.Ignored && text(n.Role) == role && strings.Contains(text(n.Name), name) {
			found = append(found, n)
		}
	}
	return found, nil
}

// text returns v if it is a string, otherwise "".
func text(v *accessibility.Value) string {
	var s string
	if v == nil || json.Unmarshal(v.Value, &s) != nil {
		return ""
	}
	return s
}
