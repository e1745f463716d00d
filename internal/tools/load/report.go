package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"strconv"
	"text/tabwriter"
	"time"
)

// report has the rows and the circumstances of the run.
type report struct {
	Machine    string    `json:"machine"`
	Commit     string    `json:"commit"`
	Go         string    `json:"go"`
	Processors int       `json:"gomaxprocs"`
	GOGC       int       `json:"gogc"`
	Began      time.Time `json:"began"`
	Took       string    `json:"took"`
	// The load averages of one minute.
	LoadBefore string `json:"load_before"`
	LoadAfter  string `json:"load_after"`
	Rounds     int    `json:"rounds"`
	Duration   string `json:"duration"`
	Rate       int    `json:"pages_a_second"`
	Rows       []row  `json:"figures"`

	progress io.Writer
}

// newReport returns an empty report. It sets GOGC to its default.
func newReport(o options, progress io.Writer) *report {
	const gogc = 100
	debug.SetGCPercent(gogc)
	return &report{
		Machine: machine(), Commit: commit(),
		Go: runtime.Version(), Processors: runtime.GOMAXPROCS(0), GOGC: gogc, Began: time.Now().UTC().Truncate(time.Second),
		LoadBefore: loadAverage(), Rounds: o.rounds, Duration: o.duration.String(), Rate: o.rate, progress: progress,
	}
}

// add checks a row's aim and adds the row.
func (r *report) add(one row) {
	if math.IsInf(one.Ratio, 0) || math.IsNaN(one.Ratio) {
		one.Ratio = 0 // the run was too short to measure the baseline
	}
	if one.Than != 0 && one.Ratio == 0 {
		one.Ratio = one.Value / one.Than
	}
	if one.Aim != nil {
		judged := one.Ratio
		if judged == 0 || one.Aim.OfValue {
			judged = one.Value
		}
		one.Aim.Met = judged >= one.Aim.AtLeast && (one.Aim.AtMost == 0 || judged <= one.Aim.AtMost)
	}
	r.Rows = append(r.Rows, one)
}

// say prints progress.
func (r *report) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.progress, time.Now().Format(time.TimeOnly)+"  "+format+"\n", args...)
}

func (r *report) finish() {
	r.LoadAfter, r.Took = loadAverage(), time.Since(r.Began).Round(time.Second).String()
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *report) writeTable(out io.Writer) error {
	_, _ = fmt.Fprintf(out, "%s, GOMAXPROCS=%d, GOGC=%d, %s, took %s, load average %s before and %s after\n",
		r.Go, r.Processors, r.GOGC, r.Began.Format(time.RFC3339), r.Took, r.LoadBefore, r.LoadAfter)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	previous := ""
	for _, one := range r.Rows {
		if one.Part != previous {
			_, _ = fmt.Fprintf(w, "\n%s\tfigure\tbaseline\tratio\taim\n", one.Part)
			previous = one.Part
		}
		_, _ = fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\n", one.Figure, number(one.Value), one.Unit, one.than(), one.ratio(), one.Aim)
	}
	return w.Flush()
}

// row is one figure. Baseline and Aim are optional.
type row struct {
	Part   string  `json:"part"`
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	// Baseline describes Than, which has the same unit.
	Baseline string  `json:"baseline,omitempty"`
	Than     float64 `json:"baseline_value,omitempty"`
	Ratio    float64 `json:"ratio,omitempty"`
	Aim      *aim    `json:"aim,omitempty"`
	// Key adds the row to the summary. Rows with an aim are always in it.
	Key bool `json:"-"`
}

// aim bounds a row's ratio, or its value if the row has no ratio or OfValue is set.
type aim struct {
	OfValue bool    `json:"of_value,omitempty"`
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	Met     bool    `json:"met"`
}

func atLeast(n float64) *aim { return &aim{AtLeast: n} }
func atMost(n float64) *aim  { return &aim{AtMost: n} }

// valueAtMost bounds a row's value.
func valueAtMost(n float64) *aim { return &aim{AtMost: n, OfValue: true} }

func (one row) than() string {
	if one.Baseline == "" {
		return ""
	}
	return number(one.Than) + " " + one.Baseline
}

func (one row) ratio() string {
	if one.Ratio == 0 {
		return ""
	}
	return strconv.FormatFloat(one.Ratio, 'f', 3, 64)
}

// String returns the aim and whether it was met.
func (a *aim) String() string {
	if a == nil {
		return ""
	}
	return a.bound() + " " + a.verdict()
}

// bound returns the aim as text, or "".
func (a *aim) bound() string {
	switch {
	case a == nil:
		return ""
	case a.AtMost != 0:
		return "≤ " + number(a.AtMost)
	}
	return "≥ " + number(a.AtLeast)
}

// verdict returns whether the aim was met, or "".
func (a *aim) verdict() string {
	switch {
	case a == nil:
		return ""
	case a.Met:
		return "met"
	}
	return "MISSED"
}

// number formats f with three significant digits and all digits before the point.
func number(f float64) string {
	digits := 2 - int(math.Floor(math.Log10(max(math.Abs(f), 1e-9))))
	return strconv.FormatFloat(f, 'f', min(max(digits, 0), 3), 64)
}

// writeSummary writes the rows with an aim or Key as a table for
// docs/performance.md.
func (r *report) writeSummary(w io.Writer) error {
	_, err := fmt.Fprintf(w, "\n<!-- benchmark: begin -->\n%s, commit %s: %s, %s, GOMAXPROCS=%d, load average %s before and %s after, took %s.\n\n"+
		"| figure | value | baseline in the same run | ratio | aim | |\n|---|---|---|---|---|---|\n",
		r.Began.Format(time.DateOnly), r.Commit, r.Machine, r.Go, r.Processors, r.LoadBefore, r.LoadAfter, r.Took)
	for _, one := range r.Rows {
		if err == nil && (one.Key || one.Aim != nil) {
			_, err = fmt.Fprintf(w, "| %s | %s %s | %s | %s | %s | %s |\n",
				one.Figure, number(one.Value), one.Unit, one.than(), one.ratio(), one.Aim.bound(), one.Aim.verdict())
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w, "<!-- benchmark: end -->")
	}
	return err
}
