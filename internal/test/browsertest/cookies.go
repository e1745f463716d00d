package browsertest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Cookies returns the cookies that the tab's browser would send to address.
func (tab *Tab) Cookies(address string) []*http.Cookie {
	tab.t.Helper()
	res := run(tab, "read cookies", chromedp.Action[network.GetCookiesResult](
		func(ctx context.Context, t *chromedp.Target) (network.GetCookiesResult, error) {
			return cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
		}))
	var cookies []*http.Cookie
	for _, c := range res.Cookies {
		cookies = append(cookies, &http.Cookie{Name: c.Name, Value: c.Value, HttpOnly: c.HTTPOnly, Secure: c.Secure})
	}
	return cookies
}

// SetCookie sets a cookie for the host of address.
func (tab *Tab) SetCookie(address string, cookie *http.Cookie) {
	tab.t.Helper()
	tab.do("set a cookie", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		httpOnly := true
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{
			URL: address, Name: cookie.Name, Value: cookie.Value, Path: "/", HTTPOnly: &httpOnly,
		})
		return err
	}))
}

// DeleteCookie deletes a cookie for address.
func (tab *Tab) DeleteCookie(address, name string) {
	tab.t.Helper()
	tab.do("delete a cookie", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.DeleteCookies, network.DeleteCookiesParams{URL: address, Name: name})
		return err
	}))
}

// origin returns scheme and host of an absolute URL, otherwise "".
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Origins resolves each location against base with the browser's URL parser. It
// returns the origin, "null" if the URL has an opaque origin, or "" if the browser
// cannot parse the location.
func (tab *Tab) Origins(base string, locations []string) []string {
	tab.t.Helper()
	asked, err := json.Marshal(locations)
	check(tab.t, err, "write the locations as JSON")
	from, err := json.Marshal(base)
	check(tab.t, err, "write the base as JSON")
	return run(tab, "read addresses", chromedp.EvaluateAsDevTools[[]string](
		string(asked)+`.map(l => { try { return new URL(l, `+string(from)+`).origin } catch { return "" } })`))
}
