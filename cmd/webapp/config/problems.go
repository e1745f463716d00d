package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Problem is one mistake in the configuration.
type Problem struct {
	Name   string // the variable, or several joined by " and "
	Wrong  string // the fault, without the value
	Remedy string // how to correct it
}

// Problems is the error of Load. It lists every mistake.
type Problems struct {
	List []Problem
	// Hints are lines of .env that look like a mistake. They may be the cause.
	Hints     []Problem
	offerDemo bool
}

func (p *Problems) add(name, wrong, remedy string) {
	p.List = append(p.List, Problem{Name: name, Wrong: wrong, Remedy: remedy})
}

// has reports whether a problem in the list names the variable, alone or together
// with other variables.
func (p *Problems) has(name string) bool {
	return slices.ContainsFunc(p.List, func(known Problem) bool {
		return slices.Contains(strings.Split(known.Name, " and "), name)
	})
}

// hasAlone reports whether a problem in the list names this variable and no other.
func (p *Problems) hasAlone(name string) bool {
	return slices.ContainsFunc(p.List, func(known Problem) bool { return known.Name == name })
}

// addParseErrors adds the errors of the parser of durations, switches and lists. It replaces
// their texts, which quote the values.
func (p *Problems) addParseErrors(err error) {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		p.add("environment", "cannot be read", "Compare it with the tables in docs/configuration.md.")
		return
	}
	for _, one := range all.Errors {
		parse, ok := errors.AsType[env.ParseError](one)
		switch {
		case !ok:
			p.add("environment", "cannot be read", "Compare it with the tables in docs/configuration.md.")
		case parse.Type.Kind() == reflect.Bool:
			p.add(variableOf(parse.Name), "is neither true nor false", "Use true or false.")
		default:
			p.add(variableOf(parse.Name), "is not a duration", "Write it like 30m, 1h or 12h.")
		}
	}
}

// Error returns all problems and hints as a text of several lines.
func (p *Problems) Error() string {
	var b strings.Builder
	if len(p.List) == 1 {
		b.WriteString("webapp cannot start: there is a problem in its configuration.\n")
	} else {
		fmt.Fprintf(&b, "webapp cannot start: there are %d problems in its configuration.\n", len(p.List))
	}
	describe(&b, p.List)
	if len(p.Hints) > 0 {
		b.WriteString("\nThis may be the cause:\n")
		describe(&b, p.Hints)
	}
	b.WriteString("\nVariables are read from the environment and from the file .env. docs/configuration.md explains each.")
	if p.offerDemo {
		b.WriteString("\nNothing is configured yet. To try webapp without a registration and without network: webapp -demo" +
			"\n(from the source: go run ./cmd/webapp -demo)")
	}
	return b.String()
}

func describe(b *strings.Builder, list []Problem) {
	for _, one := range list {
		fmt.Fprintf(b, "\n  %s %s.\n      %s\n", one.Name, one.Wrong, one.Remedy)
	}
}

// variableOf returns the variable of a field of Config.
func variableOf(fieldName string) string {
	for _, f := range fields() {
		if f.name == fieldName {
			return f.variable
		}
	}
	return fieldName
}
