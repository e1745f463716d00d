package main

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// latency is a summary of durations.
type latency struct{ p50, p99, p999, longest time.Duration }

// summary returns the summary of took, and sorts it.
func summary(took []time.Duration) latency {
	slices.Sort(took)
	return latency{quantile(took, 0.5), quantile(took, 0.99), quantile(took, 0.999), quantile(took, 1)}
}

// quantile returns the smallest value that is not exceeded by a share q of all
// values.
func quantile[T any](sorted []T, q float64) T {
	var zero T
	if len(sorted) == 0 {
		return zero
	}
	return sorted[max(0, min(len(sorted)-1, int(q*float64(len(sorted))+0.999999)-1))]
}

// median returns the median of list, and sorts it.
func median[T float64 | time.Duration](list []T) T {
	slices.Sort(list)
	return quantile(list, 0.5)
}

// medians returns the medians of several runs, for each field.
func medians(runs []latency) latency {
	pick := func(field func(latency) time.Duration) time.Duration {
		var list []time.Duration
		for _, run := range runs {
			list = append(list, field(run))
		}
		return median(list)
	}
	return latency{
		pick(func(l latency) time.Duration { return l.p50 }), pick(func(l latency) time.Duration { return l.p99 }),
		pick(func(l latency) time.Duration { return l.p999 }), pick(func(l latency) time.Duration { return l.longest }),
	}
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// liveHeap returns the size of all reachable memory. The second collection frees the
// memory that the first one has moved within sync.Pool.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// loadAverage returns the load average of one minute, or "unknown".
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 0 {
		return fields[0]
	}
	return "unknown"
}

// machine returns a description of processor, memory and system.
func machine() string {
	parts := []string{strconv.Itoa(runtime.NumCPU()) + " × " + processor()}
	if kib, err := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 64); err == nil {
		parts = append(parts, strconv.FormatFloat(kib/(1<<20), 'f', 0, 64)+" GiB")
	}
	system := runtime.GOOS + "/" + runtime.GOARCH
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		system += " " + strings.TrimSpace(string(release))
	}
	return strings.Join(append(parts, system), ", ")
}

func processor() string {
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		return name
	}
	return "processor of unknown make"
}

// field returns the first value with this name in a file of NAME: VALUE lines, or
// "".
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// commit returns the commit of the measured source, or "unknown".
func commit() string {
	hash, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(hash))
	if exec.Command("git", "diff", "--quiet", "HEAD", "--", "*.go", "go.mod").Run() != nil {
		name += " with changes"
	}
	return name
}
