//go:build linux

package main

import (
	"context"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// series has a figure's value in each round.
type series []float64

// median returns the value in the middle.
func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

// over returns the median of the ratios to base of each round.
func (s series) over(base series) float64 {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / base[i]
	}
	return ratios.median()
}

// alternate calls the functions in turn, each once a round, and returns the series
// of each. One more round comes first, as a warm-up.
func alternate(ctx context.Context, rounds int, measures ...func() (float64, error)) ([]series, error) {
	all := make([]series, len(measures))
	for round := range 1 + rounds {
		for i, measure := range measures {
			runtime.GC()
			value, err := measure()
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, err
			}
			if round > 0 {
				all[i] = append(all[i], value)
			}
		}
	}
	return all, nil
}

// thisProcess is the process ID for cpuTime of the process itself.
const thisProcess = 0

// cpuTime returns the CPU time of a process, user and system.
func cpuTime(pid int) time.Duration {
	const scheduler = 2 // CPUCLOCK_SCHED, see clock_getcpuclockid(3)
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// cpuOf returns a function for alternate: the CPU time of this process for f, which
// does something n times, in microseconds for each time.
func cpuOf(n int, f func() error) func() (float64, error) {
	return func() (float64, error) {
		began := cpuTime(thisProcess)
		err := f()
		return micros(cpuTime(thisProcess)-began) / float64(n), err
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
