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

// report collects rows and says how they came about.
type report struct {
	Machine    string    `json:"machine"`
	Commit     string    `json:"commit"`
	Go         string    `json:"go"`
	Processors int       `json:"gomaxprocs"`
	GOGC       int       `json:"gogc"`
	Began      time.Time `json:"began"`
	Took       string    `json:"took"`
	// The load averages of a minute tell what else the machine did.
	LoadBefore string `json:"load_before"`
	LoadAfter  string `json:"load_after"`
	Rounds     int    `json:"rounds"`
	Duration   string `json:"duration"`
	Rate       int    `json:"pages_a_second"`
	Rows       []row  `json:"figures"`

	progress io.Writer
}

// newReport fixes the collector's setting, whatever the environment says.
func newReport(o options, progress io.Writer) *report {
	const gogc = 100
	debug.SetGCPercent(gogc)
	return &report{
		Machine: machine(), Commit: commit(),
		Go: runtime.Version(), Processors: runtime.GOMAXPROCS(0), GOGC: gogc, Began: time.Now().UTC().Truncate(time.Second),
		LoadBefore: loadAverage(), Rounds: o.rounds, Duration: o.duration.String(), Rate: o.rate, progress: progress,
	}
}

// add judges a row and keeps it.
func (r *report) add(one row) {
	if math.IsInf(one.Ratio, 0) || math.IsNaN(one.Ratio) {
		one.Ratio = 0 // the run was too short for the clock to tell the baseline from nothing
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

// say tells the person who waits what is going on.
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

// row is one figure, with its baseline and its aim where it has them.
type row struct {
	Part   string  `json:"part"`
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	// Baseline names what Than, in the same unit, was measured of.
	Baseline string  `json:"baseline,omitempty"`
	Than     float64 `json:"baseline_value,omitempty"`
	Ratio    float64 `json:"ratio,omitempty"`
	Aim      *aim    `json:"aim,omitempty"`
	// Key puts the row into the summary, where a row with an aim is anyway.
	Key bool `json:"-"`
}

// aim bounds a row's ratio, or its value where it has no ratio or OfValue says so.
type aim struct {
	OfValue bool    `json:"of_value,omitempty"`
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	Met     bool    `json:"met"`
}

func atLeast(n float64) *aim { return &aim{AtLeast: n} }
func atMost(n float64) *aim  { return &aim{AtMost: n} }

// valueAtMost bounds a value, whatever its ratio.
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

// String says what the aim was and whether it was met.
func (a *aim) String() string {
	if a == nil {
		return ""
	}
	return a.bound() + " " + a.verdict()
}

// bound says what the aim was, or nothing where there is none.
func (a *aim) bound() string {
	switch {
	case a == nil:
		return ""
	case a.AtMost != 0:
		return "≤ " + number(a.AtMost)
	}
	return "≥ " + number(a.AtLeast)
}

// verdict says whether it was met.
func (a *aim) verdict() string {
	switch {
	case a == nil:
		return ""
	case a.Met:
		return "met"
	}
	return "MISSED"
}

// number writes three significant digits, and all digits before the point.
func number(f float64) string {
	digits := 2 - int(math.Floor(math.Log10(max(math.Abs(f), 1e-9))))
	return strconv.FormatFloat(f, 'f', min(max(digits, 0), 3), 64)
}

// writeSummary writes the rows that have an aim, and a few more, as one table
// for docs/performance.md.
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
