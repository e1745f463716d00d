package doctor

import (
	"context"
	"fmt"
	"strings"
)

// checkConfiguration repeats what the application would say at its start.
func (x *examination) checkConfiguration(context.Context) Check {
	found := x.cfg.Problems
	if len(found) == 0 {
		return ok("Nothing is missing, malformed or contradictory.")
	}
	details, remedies := make([]string, len(found)), make([]string, len(found))
	for i, p := range found {
		details[i] = p.Name + " " + p.Wrong + "."
		remedies[i] = p.Name + ": " + p.Remedy
	}
	summary := fmt.Sprintf("There are %d problems; webapp does not start with them.", len(found))
	if len(found) == 1 {
		summary = "There is a problem; webapp does not start with it."
	}
	return fail(summary, strings.Join(details, "\n"), strings.Join(remedies, "\n"))
}
