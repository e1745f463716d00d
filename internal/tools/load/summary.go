package main

import (
	"fmt"
	"io"
	"time"
)

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
