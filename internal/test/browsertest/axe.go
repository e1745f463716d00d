package browsertest

import (
	"fmt"
	"os"
	"strings"

	"github.com/chromedp/chromedp"
)

// Axe is the accessibility checker axe-core.
type Axe struct{ source string }

// LoadAxe reads axe-core from the file axe.min.js of its npm package.
func LoadAxe(path string) (*Axe, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read axe-core (run npm ci beside its package.json): %w", err)
	}
	return &Axe{source: string(source)}, nil
}

// Violation is a rule that a page breaks.
type Violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String names the rule and each element that breaks it.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&b, "\n    %s\n      %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n      "))
	}
	return b.String()
}

// Violations runs all rules of axe-core on the page, including best practices, and
// returns those that the page breaks.
func (a *Axe) Violations(tab *Tab) []Violation {
	tab.t.Helper()
	tab.do("load axe-core", chromedp.EvaluateAsDevTools[chromedp.Void](a.source+"\n;undefined"))
	// preload would fetch the stylesheet by script, which the page's
	// Content-Security-Policy forbids.
	return run(tab, "run axe-core", chromedp.Evaluate[[]Violation](
		`axe.run(document, {preload: false, resultTypes: ["violations"]}).then(r => r.violations)`,
		chromedp.EvalAwaitPromise))
}
