package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// problem is one thing that is wrong with the configuration.
type problem struct {
	name   string // the variable
	wrong  string // what is wrong with it, never its value
	remedy string // how to mend it
}

// problems is the error that names all of them.
type problems struct {
	list []problem
	// hints are what looks like a mistake in .env, and may be the cause.
	hints     []problem
	offerDemo bool
}

func (p *problems) add(name, wrong, remedy string) {
	p.list = append(p.list, problem{name, wrong, remedy})
}

// has reports whether something is wrong with the variable already, alone or
// beside others.
func (p *problems) has(name string) bool {
	return slices.ContainsFunc(p.list, func(known problem) bool {
		return slices.Contains(strings.Split(known.name, " and "), name)
	})
}

// parsing takes over what the parser of durations and lists reports, without
// its text, which quotes the values.
func (p *problems) parsing(err error) {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		p.add("environment", "cannot be read", "Compare it with the table in README.md.")
		return
	}
	for _, one := range all.Errors {
		if parse, ok := errors.AsType[env.ParseError](one); ok {
			p.add(settingName(parse.Name), "is not a duration", "Write it like 30m, 1h or 12h.")
			continue
		}
		p.add("environment", "cannot be read", "Compare it with the table in README.md.")
	}
}

// Error is a list for a person.
func (p *problems) Error() string {
	var b strings.Builder
	if len(p.list) == 1 {
		b.WriteString("webapp cannot start: there is a problem in its configuration.\n")
	} else {
		fmt.Fprintf(&b, "webapp cannot start: there are %d problems in its configuration.\n", len(p.list))
	}
	describe(&b, p.list)
	if len(p.hints) > 0 {
		b.WriteString("\nThis may have to do with it:\n")
		describe(&b, p.hints)
	}
	b.WriteString("\nVariables are read from the environment and from the file .env; README.md explains each.")
	if p.offerDemo {
		b.WriteString("\nNothing is configured yet. To try it without a registration and without network: webapp -demo" +
			"\n(from the source: go run ./cmd/webapp -demo)")
	}
	return b.String()
}

func describe(b *strings.Builder, list []problem) {
	for _, one := range list {
		fmt.Fprintf(b, "\n  %s %s.\n      %s\n", one.name, one.wrong, one.remedy)
	}
}
