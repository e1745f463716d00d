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

// Scheme is the colour scheme that a person prefers.
type Scheme string

// The colour schemes.
const (
	Light Scheme = "light"
	Dark  Scheme = "dark"
)

// Screen is a viewport in CSS pixels.
type Screen struct {
	Width, Height int64
	Mobile        bool
}

// The screens that pages are looked at on.
var (
	// Zoomed is what 200% zoom leaves of a 1280 pixels wide window
	// (WCAG 2.2, criterion 1.4.4).
	Zoomed = Screen{Width: 640, Height: 400}
	Phone  = Screen{Width: 360, Height: 740, Mobile: true}
)

// Prefer makes the tab's pages see a preference for the colour scheme, and for
// little motion, so that what is looked at stands still.
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

// Resize gives the tab another viewport.
func (tab *Tab) Resize(s Screen) {
	tab.t.Helper()
	var opts []chromedp.EmulateViewportOption
	if s.Mobile {
		opts = append(opts, chromedp.EmulateMobile, chromedp.EmulatePortrait, chromedp.EmulateTouch)
	}
	tab.do("resize", chromedp.EmulateViewport(s.Width, s.Height, opts...))
}

// DisableScripts makes the tab's pages run no script of theirs.
func (tab *Tab) DisableScripts() {
	tab.t.Helper()
	tab.do("disable scripts", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

// Speak makes the tab's browser ask for pages in the language of this tag
// (RFC 5646).
func (tab *Tab) Speak(language string) {
	tab.t.Helper()
	tab.do("speak "+language, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Accept-Language": language},
		})
		return err
	}))
}

// Identify makes the tab's browser call itself by this User-Agent.
func (tab *Tab) Identify(agent string) {
	tab.t.Helper()
	tab.do("identify as another browser", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent})
		return err
	}))
}

// TrustAnyCertificate makes the tab take https with a certificate that no
// authority has signed.
func (tab *Tab) TrustAnyCertificate() {
	tab.t.Helper()
	tab.do("trust any certificate", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
		return err
	}))
}

// Language returns the language that the page says it is in.
func (tab *Tab) Language() string {
	tab.t.Helper()
	return run(tab, "read the language", chromedp.EvaluateAsDevTools[string](`document.documentElement.lang`))
}

// Overflow returns by how many pixels the page is wider than its viewport; a
// person would have to scroll sideways for them.
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
