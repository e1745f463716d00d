package main

import (
	"os"
	"path/filepath"
	"slices"

	"webapp/internal/test/browsertest"
)

// The accounts in the pictures, by the names on the account picker.
const (
	person  = "Megan Bowen"
	refused = "Diego Siciliani"
)

// The User-Agents in the pictures.
const (
	here       = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	phone      = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	oldMachine = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
)

// album is a series of pictures with one screen and one colour scheme.
type album struct {
	suffix string // of the file names
	screen browsertest.Screen
	scheme browsertest.Scheme
	pages  []string // the pages to take a picture of
}

func albums() []album {
	desktop := browsertest.Screen{Width: 1200, Height: 860}
	small := browsertest.Screen{Width: 390, Height: 780, Mobile: true}
	all := []string{"sign-in", "picker", "error", "home", "claims", "api", "sessions", "admin", "signed-out"}
	return []album{
		{suffix: "light", screen: desktop, scheme: browsertest.Light, pages: all},
		{suffix: "dark", screen: desktop, scheme: browsertest.Dark, pages: all},
		{suffix: "phone-light", screen: small, scheme: browsertest.Light, pages: []string{"home", "sessions"}},
		{suffix: "phone-dark", screen: small, scheme: browsertest.Dark, pages: []string{"sign-in"}},
	}
}

// step opens the next page.
type step struct {
	page string
	walk func(tab *browsertest.Tab)
}

func steps(app *browsertest.App) []step {
	return []step{
		{"sign-in", func(tab *browsertest.Tab) { tab.Open(app.URL) }},
		{"picker", func(tab *browsertest.Tab) { tab.Follow("link", "Sign in") }},
		{"error", func(tab *browsertest.Tab) { tab.Follow("button", refused) }},
		{"home", func(tab *browsertest.Tab) { signIn(app, tab) }},
		{"claims", func(tab *browsertest.Tab) {
			tab.Click("DisclosureTriangle", "Claims of your ID token")
			tab.Run(`document.querySelector("details").scrollIntoView()`)
		}},
		{"api", func(tab *browsertest.Tab) { tab.Follow("link", "Call an API") }},
		{"sessions", func(tab *browsertest.Tab) { tab.Follow("link", "Your sessions") }},
		{"admin", func(tab *browsertest.Tab) { tab.Follow("link", "Administration") }},
		{"signed-out", func(tab *browsertest.Tab) { tab.Follow("button", "Sign out") }},
	}
}

func signIn(app *browsertest.App, tab *browsertest.Tab) {
	tab.Open(app.URL)
	tab.Follow("link", "Sign in")
	tab.Follow("button", person)
}

func (a album) shoot(t browsertest.T, out string, app *browsertest.App, tab *browsertest.Tab) {
	tab.Resize(a.screen)
	tab.Prefer(a.scheme)
	tab.Identify(here)
	for _, s := range steps(app) {
		s.walk(tab)
		if !slices.Contains(a.pages, s.page) {
			continue
		}
		file := filepath.Join(out, s.page+"-"+a.suffix+".png")
		if err := os.WriteFile(file, tab.Screenshot(), 0o644); err != nil {
			t.Errorf("%v", err)
			t.FailNow()
		}
		t.Logf("%s", file)
	}
}
