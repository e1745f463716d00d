//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// row is one figure.
type row struct {
	figure string
	value  float64
	unit   string
	// baseline describes than, which has the same unit. Both are optional.
	baseline string
	than     float64
	// ratio compares value with than, so that it does not depend on the machine.
	ratio float64
	aim   aim
}

// aim bounds a row's ratio, or its value.
type aim struct {
	bound   float64
	atLeast bool
	ofValue bool
}

func atLeast(n float64) aim     { return aim{bound: n, atLeast: true} }
func atMost(n float64) aim      { return aim{bound: n} }
func valueAtMost(n float64) aim { return aim{bound: n, ofValue: true} }

func (a aim) String() string {
	if a.atLeast {
		return "≥ " + number(a.bound)
	}
	return "≤ " + number(a.bound)
}

// verdict returns whether the row meets its aim.
func (one row) verdict() string {
	judged := one.ratio
	if one.aim.ofValue {
		judged = one.value
	}
	if one.aim.atLeast && judged >= one.aim.bound || !one.aim.atLeast && judged <= one.aim.bound {
		return "met"
	}
	return "MISSED"
}

// String returns the row of the Markdown table.
func (one row) String() string {
	value, than, ratio := strings.TrimSpace(number(one.value)+" "+one.unit), "", ""
	if one.baseline != "" {
		than, ratio = number(one.than)+" "+one.baseline, number(one.ratio)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %v | %s |", one.figure, value, than, ratio, one.aim, one.verdict())
}

// number formats f with three significant digits and all digits before the point.
func number(f float64) string {
	digits := 2 - int(math.Floor(math.Log10(max(math.Abs(f), 1e-9))))
	return strconv.FormatFloat(f, 'f', min(max(digits, 0), 3), 64)
}

// report has the rows of a run.
type report struct {
	began    time.Time
	commit   string
	load     string // load average when the run began
	rows     []row
	progress io.Writer
}

func newReport(progress io.Writer) *report {
	return &report{began: time.Now(), commit: commit(), load: loadAverage(), progress: progress}
}

func (r *report) add(one row) {
	r.rows = append(r.rows, one)
	r.say("%v", one)
}

// say prints progress.
func (r *report) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.progress, time.Now().Format(time.TimeOnly)+"  "+format+"\n", args...)
}

// write writes the table of docs/performance.md.
func (r *report) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- benchmark: begin -->\n%s, commit %s: %s, %s, GOMAXPROCS=%d, load average %s before and %s after, took %v.\n\n",
		r.began.UTC().Format(time.DateOnly), r.commit, machine(), runtime.Version(), runtime.GOMAXPROCS(0), r.load, loadAverage(), time.Since(r.began).Round(time.Second))
	b.WriteString("| figure | value | baseline in the same run | ratio | aim | |\n|---|---|---|---|---|---|\n")
	for _, one := range r.rows {
		fmt.Fprintln(&b, one)
	}
	b.WriteString("<!-- benchmark: end -->\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// loadAverage returns the load average of one minute.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	before, _, _ := strings.Cut(string(text), " ")
	return before
}

// machine returns a description of processor, memory and system.
func machine() string {
	kib, _ := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 64)
	return fmt.Sprintf("%d × %s, %.0f GiB, %s/%s", runtime.NumCPU(), field("/proc/cpuinfo", "model name"), kib/(1<<20), runtime.GOOS, runtime.GOARCH)
}

// field returns the first value with this name in a file of "NAME: VALUE" lines, or
// "".
func field(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// commit returns the commit of the measured source.
func commit() string {
	hash, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(hash))
	if exec.Command("git", "diff", "--quiet", "HEAD", "--", "*.go", "go.mod").Run() != nil {
		name += " with changes"
	}
	return name
}
