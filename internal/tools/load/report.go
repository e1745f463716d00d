package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
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
