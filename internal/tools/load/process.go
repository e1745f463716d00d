package main

import (
	"context"
	"os"
	"time"
)

// measureProcess builds the application as it is deployed and measures its size, the
// time to the first sign-in page, and its memory afterwards.
func measureProcess(ctx context.Context, o options, r *report) error {
	binary, remove, err := buildBinary(ctx, r, theApplication)
	if err != nil {
		return err
	}
	defer remove()
	bare, removeBare, err := buildBinary(ctx, r, theBareProgram)
	if err != nil {
		return err
	}
	defer removeBare()
	info, err := os.Stat(binary.path)
	if err != nil {
		return err
	}
	r.add(row{Part: "process", Figure: "stripped binary with all stores", Value: float64(info.Size()) / 1e6, Unit: "MB", Key: true, Aim: atMost(40)})
	idp, err := startProvider()
	if err != nil {
		return err
	}
	defer idp.stop()
	for _, b := range []startTrial{{binary: binary.configured(idp), bare: bare}, {binary: binary.demo(), bare: bare}} {
		if err := b.report(ctx, o, r); err != nil {
			return err
		}
	}
	return nil
}

// startTrial starts a binary and the bare program in turn.
type startTrial struct{ binary, bare binary }

func (s startTrial) report(ctx context.Context, o options, r *report) error {
	var mine, other started
	for i := range o.starts {
		r.say("process: %s, start %d of %d", s.binary.name, i+1, o.starts)
		last := i == o.starts-1
		if err := firstOf(mine.once(ctx, s.binary, o.settle, last), other.once(ctx, s.bare, o.settle, last)); err != nil {
			return err
		}
	}
	const baseline = "bare net/http program"
	took, than := summary(mine.took), summary(other.took)
	r.add(row{Part: "process", Figure: "cold start " + s.binary.name + ", to the first sign-in page (median)", Value: millis(took.p50), Unit: "ms",
		Baseline: baseline, Than: millis(than.p50), Aim: valueAtMost(15)})
	if mine.memory.resident > 0 {
		r.add(row{Part: "process", Figure: "resident memory " + s.binary.name + ", idle", Value: mine.memory.resident, Unit: "MiB",
			Baseline: baseline, Than: other.memory.resident, Aim: valueAtMost(20)})
		r.add(row{Part: "process", Figure: "of it the process's own, the rest being pages of the binary's file", Value: mine.memory.anonymous, Unit: "MiB", Key: true,
			Baseline: baseline, Than: other.memory.anonymous})
	}
	return nil
}

func millis(d time.Duration) float64 { return micros(d) / 1000 }

// started has the results for one binary.
type started struct {
	took   []time.Duration
	memory footprint
}

// once starts b. If memory is true, it waits for settle and reads the process's
// memory.
func (s *started) once(ctx context.Context, b binary, settle time.Duration, memory bool) error {
	return b.run(ctx, func(process running) error {
		s.took = append(s.took, process.coldStart)
		if !memory {
			return nil
		}
		err := waitUntil(ctx, time.Now().Add(settle))
		s.memory = footprintOf(process.pid)
		return err
	})
}

// footprint is the memory of a process in MiB, or zero if the system does not report
// it.
type footprint struct{ resident, anonymous float64 }

func footprintOf(pid int) footprint {
	return footprint{memoryOf(pid, "VmRSS"), memoryOf(pid, "RssAnon")}
}
