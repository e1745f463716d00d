//go:build !unix

package main

import "time"

// cpuTime returns the wall clock, because this system has no getrusage. On an idle
// machine the two are close.
func cpuTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
