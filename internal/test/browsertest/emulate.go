package browsertest

import (
	"context"
	"strconv"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// Scheme is a value of the media feature prefers-color-scheme.
type Scheme string

// The values of Scheme.
const (
	Light Scheme = "light"
	Dark  Scheme = "dark"
)

// Screen is a viewport in CSS pixels.
type Screen struct {
	Width, Height int64
	Mobile        bool
}

// The screens of the tests.
var (
	// Zoomed is a window of 1280 pixels at 200% zoom (WCAG 2.2, criterion 1.4.4).
	Zoomed = Screen{Width: 640, Height: 400}
	Phone  = Screen{Width: 360, Height: 740, Mobile: true}
)

// Prefer sets the preferred colour scheme, and prefers-reduced-motion so that
// screenshots have no animation.
func (tab *Tab) Prefer(s Scheme) {
	tab.t.Helper()
	tab.do("prefer "+string(s), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: string(s)},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	}))
}

// Resize sets the viewport.
func (tab *Tab) Resize(s Screen) {
	tab.t.Helper()
	var opts []chromedp.EmulateViewportOption
	if s.Mobile {
		opts = append(opts, chromedp.EmulateMobile, chromedp.EmulatePortrait, chromedp.EmulateTouch)
	}
	tab.do("resize", chromedp.EmulateViewport(s.Width, s.Height, opts...))
}

// DisableScripts stops pages from running scripts.
func (tab *Tab) DisableScripts() {
	tab.t.Helper()
	tab.do("disable scripts", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

// Speak sets the language that the browser requests, as a tag of RFC 5646.
func (tab *Tab) Speak(language string) {
	tab.t.Helper()
	tab.do("speak "+language, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Accept-Language": language},
		})
		return err
	}))
}

// Identify sets the User-Agent.
func (tab *Tab) Identify(agent string) {
	tab.t.Helper()
	tab.do("identify as another browser", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent})
		return err
	}))
}

// TrustAnyCertificate accepts https with a certificate that no authority has
// signed.
func (tab *Tab) TrustAnyCertificate() {
	tab.t.Helper()
	tab.do("trust any certificate", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
		return err
	}))
}

// Language returns the lang attribute of the page.
func (tab *Tab) Language() string {
	tab.t.Helper()
	return run(tab, "read the language", chromedp.EvaluateAsDevTools[string](`document.documentElement.lang`))
}

// Overflow returns by how many pixels the page is wider than the viewport, so that a
// person must scroll sideways.
func (tab *Tab) Overflow() int {
	tab.t.Helper()
	return run(tab, "measure the page", chromedp.EvaluateAsDevTools[int](
		`document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth`))
}

// Screenshot returns a PNG of the viewport.
func (tab *Tab) Screenshot() []byte {
	tab.t.Helper()
	return run(tab, "take a screenshot", chromedp.CaptureScreenshot())
}

// Height returns the height of the element that selector matches, in pixels.
func (tab *Tab) Height(selector string) int {
	tab.t.Helper()
	return run(tab, "measure "+selector, chromedp.EvaluateAsDevTools[int](
		`Math.ceil(document.querySelector(`+strconv.Quote(selector)+`).getBoundingClientRect().height)`))
}
