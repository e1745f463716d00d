package main

import (
	"os"
	"path/filepath"
	"slices"

	"webapp/internal/browsertest"
)

// The accounts in the pictures, by the name that the demo's picker shows.
const (
	somebody = "Megan Bowen"
	refused  = "Diego Siciliani"
)

// album is one walk through the pages, as one kind of reader sees them.
type album struct {
	suffix string // of the file names
	screen browsertest.Screen
	scheme browsertest.Scheme
	pages  []string // the pages to keep; the walk passes all
}

func albums() []album {
	desktop := browsertest.Screen{Width: 1200, Height: 860}
	phone := browsertest.Screen{Width: 390, Height: 780, Mobile: true}
	all := []string{"sign-in", "picker", "error", "home", "claims", "api", "signed-out"}
	return []album{
		{suffix: "light", screen: desktop, scheme: browsertest.Light, pages: all},
		{suffix: "dark", screen: desktop, scheme: browsertest.Dark, pages: all},
		{suffix: "phone-light", screen: phone, scheme: browsertest.Light, pages: []string{"home"}},
		{suffix: "phone-dark", screen: phone, scheme: browsertest.Dark, pages: []string{"sign-in"}},
	}
}

// step goes from one page to the next.
type step struct {
	page string
	walk func(tab *browsertest.Tab)
}

func steps(app *browsertest.App) []step {
	return []step{
		{"sign-in", func(tab *browsertest.Tab) { tab.Open(app.URL) }},
		{"picker", func(tab *browsertest.Tab) { tab.Follow("link", "Sign in") }},
		{"error", func(tab *browsertest.Tab) { tab.Follow("button", refused) }},
		{"home", func(tab *browsertest.Tab) {
			tab.Open(app.URL)
			tab.Follow("link", "Sign in")
			tab.Follow("button", somebody)
		}},
		{"claims", func(tab *browsertest.Tab) {
			tab.Click("DisclosureTriangle", "Claims of your ID token")
			tab.Run(`document.querySelector("details").scrollIntoView()`)
		}},
		{"api", func(tab *browsertest.Tab) { tab.Follow("link", "Call an API") }},
		{"signed-out", func(tab *browsertest.Tab) { tab.Follow("button", "Sign out") }},
	}
}

func (a album) shoot(t browsertest.T, out string, app *browsertest.App, tab *browsertest.Tab) {
	tab.Resize(a.screen)
	tab.Prefer(a.scheme)
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
