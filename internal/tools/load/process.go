package main

import (
	"context"
	"os"
	"time"
)

// measureProcess builds the application as it is deployed and measures its
// size, its cold start to the first sign-in page, and its memory afterwards.
func measureProcess(ctx context.Context, o options, r *report) error {
	binary, remove, err := buildBinary(ctx, r)
	if err != nil {
		return err
	}
	defer remove()
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
	for _, b := range []starts{{binary.configured(idp)}, {binary.demo()}} {
		if err := b.report(ctx, o, r); err != nil {
			return err
		}
	}
	return nil
}

// starts are those of a binary, one after the other.
type starts struct{ binary }

func (s starts) report(ctx context.Context, o options, r *report) error {
	var took []time.Duration
	var memory footprint
	for i := range o.starts {
		r.say("process: %s, start %d of %d", s.name, i+1, o.starts)
		err := s.run(ctx, func(process running) error {
			took = append(took, process.coldStart)
			if i < o.starts-1 {
				return nil
			}
			err := waitUntil(ctx, time.Now().Add(o.settle))
			memory = footprintOf(process.pid)
			return err
		})
		if err != nil {
			return err
		}
	}
	of := summary(took)
	r.add(row{Part: "process", Figure: "cold start " + s.name + ", to the first sign-in page (median)", Value: micros(of.p50) / 1000, Unit: "ms", Key: true, Aim: atMost(15)})
	if memory.resident > 0 {
		r.add(row{Part: "process", Figure: "resident memory " + s.name + ", idle", Value: memory.resident, Unit: "MiB", Key: true, Aim: atMost(20)})
		r.add(row{Part: "process", Figure: "of it the process's own, the rest being pages of the binary's file", Value: memory.anonymous, Unit: "MiB", Key: true})
	}
	return nil
}

// footprint is the memory of a process in MiB; it is zero where the system
// does not tell.
type footprint struct{ resident, anonymous float64 }

func footprintOf(pid int) footprint {
	return footprint{memoryOf(pid, "VmRSS"), memoryOf(pid, "RssAnon")}
}
