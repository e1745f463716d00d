package doctor

import (
	"context"
	"fmt"
	"strings"

	"webapp/cmd/webapp/config"
)

// checkConfiguration repeats what the application would say at its start.
func (x *examination) checkConfiguration(context.Context) Check {
	found := x.cfg.Problems
	if len(found) == 0 && len(x.cfg.Hints) > 0 {
		details, remedies := listed(x.cfg.Hints)
		return warn("webapp starts with it, but something looks like a mistake.", details, remedies)
	}
	if len(found) == 0 {
		return ok("Nothing is missing, malformed or contradictory.")
	}
	summary := fmt.Sprintf("There are %d problems; webapp does not start with them.", len(found))
	if len(found) == 1 {
		summary = "There is a problem; webapp does not start with it."
	}
	details, remedies := listed(append(found, x.cfg.Hints...))
	return fail(summary, details, remedies)
}

func listed(found []config.Problem) (detail, remedy string) {
	details, remedies := make([]string, len(found)), make([]string, len(found))
	for i, p := range found {
		details[i] = p.Name + " " + p.Wrong + "."
		remedies[i] = p.Name + ": " + p.Remedy
	}
	return strings.Join(details, "\n"), strings.Join(remedies, "\n")
}
