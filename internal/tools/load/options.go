package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	only     []string
	sessions []int // how many are in memory
	stores   []string
	redis    string // URL; empty starts a server
	postgres string
	// duration is the length of a run while sessions expire, rounds is the number of
	// runs, and rate is the number of pages a second.
	duration time.Duration
	rounds   int
	rate     int
	// turns is how often a page and its baseline alternate, and turn is the length
	// of each turn. If CPU time is measured, a turn has turnPages pages.
	turns       int
	turn        time.Duration
	turnPages   int
	connections int
	signIns     int
	starts      int // of the process
	visitors    int // without a session
	settle      time.Duration
	json        bool
}

func parseOptions(args []string, help io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(help)
	only := flags.String("only", partNames(), "the parts to measure")
	quick := flags.Bool("quick", false, "a short trial: every part, each as small as it can be; the other flags still count")
	sessions := flags.String("sessions", "1000,100000,1000000", "sessions in memory")
	stores := flags.String("stores", "memory,sqlite,redis,postgres", "the stores that pages are measured with")
	flags.StringVar(&o.redis, "redis", "", "the `URL` of a Redis on this machine; without it one is started")
	flags.StringVar(&o.postgres, "postgres", "", "the `URL` of a database on this machine; without it a server is started")
	flags.DurationVar(&o.duration, "duration", 4*time.Second, "how long each run with and without expiry takes")
	flags.IntVar(&o.rounds, "rounds", 3, "runs with and without expiry")
	flags.IntVar(&o.rate, "rate", 1000, "pages a second in such a run")
	flags.IntVar(&o.turns, "turns", 20, "turns that a page and its baseline take")
	flags.DurationVar(&o.turn, "turn", 300*time.Millisecond, "length of a turn")
	flags.IntVar(&o.turnPages, "turn-pages", 1000, "pages of a turn whose CPU time is taken")
	flags.IntVar(&o.connections, "connections", 8, "connections that pages are asked for through")
	flags.IntVar(&o.signIns, "sign-ins", 2000, "sign-ins")
	flags.IntVar(&o.starts, "starts", 20, "starts of the process")
	flags.IntVar(&o.visitors, "visitors", 10_000, "anonymous visitors")
	flags.DurationVar(&o.settle, "settle", 5*time.Second, "how long a process is left alone before its memory is read")
	flags.BoolVar(&o.json, "json", false, "print JSON in place of a table")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *quick {
		beQuick(flags)
	}
	o.only, o.stores = strings.Split(*only, ","), strings.Split(*stores, ",")
	var err error
	o.sessions, err = numbers(*sessions)
	return o, errors.Join(err, o.check(flags.Args()))
}

// beQuick sets the flags that were not given to small values.
func beQuick(flags *flag.FlagSet) {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range map[string]string{
		"sessions": "1000,20000", "duration": "300ms", "rounds": "1", "turns": "3", "turn": "40ms", "turn-pages": "50",
		"sign-ins": "100", "starts": "3", "visitors": "1000", "settle": "500ms",
	} {
		if !given[name] {
			_ = flags.Set(name, value) // the value is valid
		}
	}
}

// partNames returns the names of all parts.
func partNames() string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return strings.Join(names, ",")
}

// check bounds the options and allows only servers on this machine.
func (o *options) check(rest []string) error {
	var faults []error
	for _, b := range []struct {
		flag            string
		value, min, max int
	}{
		{"rounds", o.rounds, 1, 20}, {"rate", o.rate, 1, 20_000}, {"turns", o.turns, 1, 1000}, {"turn-pages", o.turnPages, 1, 100_000},
		{"connections", o.connections, 1, 256}, {"sign-ins", o.signIns, 1, 100_000}, {"starts", o.starts, 1, 200}, {"visitors", o.visitors, 1, 100_000},
		{"duration in milliseconds", int(o.duration.Milliseconds()), 100, 300_000},
		{"settle in milliseconds", int(o.settle.Milliseconds()), 1, 60_000},
		{"turn in milliseconds", int(o.turn.Milliseconds()), 1, 10_000},
	} {
		if b.value < b.min || b.value > b.max {
			faults = append(faults, fmt.Errorf("-%s must be from %d to %d", b.flag, b.min, b.max))
		}
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(parts(), func(p part) bool { return p.name == name }) {
			faults = append(faults, fmt.Errorf("-only: there is no part %q", name))
		}
	}
	for _, server := range []string{o.redis, o.postgres} {
		if server != "" && !onThisMachine(server) {
			faults = append(faults, errors.New("-redis and -postgres: the host must be 127.0.0.1, ::1 or localhost"))
		}
	}
	if len(rest) > 0 {
		faults = append(faults, fmt.Errorf("%q is not understood", rest[0]))
	}
	return errors.Join(faults...)
}

func onThisMachine(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// maxSessions bounds the sessions in memory. A million take about 500 MB.
const maxSessions = 2_000_000

func numbers(list string) ([]int, error) {
	var found []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 100 || n > maxSessions {
			return nil, fmt.Errorf("-sessions: %q is not a number from 100 to %d", text, maxSessions)
		}
		found = append(found, n)
	}
	return found, nil
}
