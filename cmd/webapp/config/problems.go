package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Problem is one mistake in the configuration.
type Problem struct {
	Name   string // the variable, or several joined by " and "
	Wrong  string // what is wrong with it, never its value
	Remedy string // how to correct it
}

// Problems is the error that names every mistake.
type Problems struct {
	List []Problem
	// Hints are the lines of .env that look like a mistake, and may be the cause.
	Hints     []Problem
	offerDemo bool
}

func (p *Problems) add(name, wrong, remedy string) {
	p.List = append(p.List, Problem{Name: name, Wrong: wrong, Remedy: remedy})
}

// has reports whether something is wrong with the variable already, alone or
// beside others.
func (p *Problems) has(name string) bool {
	return slices.ContainsFunc(p.List, func(known Problem) bool {
		return slices.Contains(strings.Split(known.Name, " and "), name)
	})
}

// hasAlone reports whether there is a problem with this variable alone.
func (p *Problems) hasAlone(name string) bool {
	return slices.ContainsFunc(p.List, func(known Problem) bool { return known.Name == name })
}

// parsing takes over what the parser of durations and lists reports, without
// its text, which quotes the values.
func (p *Problems) parsing(err error) {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		p.add("environment", "cannot be read", "Compare it with the table in README.md.")
		return
	}
	for _, one := range all.Errors {
		if parse, ok := errors.AsType[env.ParseError](one); ok {
			p.add(variableOf(parse.Name), "is not a duration", "Write it like 30m, 1h or 12h.")
			continue
		}
		p.add("environment", "cannot be read", "Compare it with the table in README.md.")
	}
}

// Error is a list for a person.
func (p *Problems) Error() string {
	var b strings.Builder
	if len(p.List) == 1 {
		b.WriteString("webapp cannot start: there is a problem in its configuration.\n")
	} else {
		fmt.Fprintf(&b, "webapp cannot start: there are %d problems in its configuration.\n", len(p.List))
	}
	describe(&b, p.List)
	if len(p.Hints) > 0 {
		b.WriteString("\nThis may have to do with it:\n")
		describe(&b, p.Hints)
	}
	b.WriteString("\nVariables are read from the environment and from the file .env; README.md explains each.")
	if p.offerDemo {
		b.WriteString("\nNothing is configured yet. To try it without a registration and without network: webapp -demo" +
			"\n(from the source: go run ./cmd/webapp -demo)")
	}
	return b.String()
}

func describe(b *strings.Builder, list []Problem) {
	for _, one := range list {
		fmt.Fprintf(b, "\n  %s %s.\n      %s\n", one.Name, one.Wrong, one.Remedy)
	}
}

// variableOf is the variable that fills the field of Config.
func variableOf(name string) string {
	for _, f := range fields() {
		if f.name == name {
			return f.variable
		}
	}
	return name
}
