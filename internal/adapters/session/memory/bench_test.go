package memory

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"webapp/internal/ports"
)

// BenchmarkFootprint reports the heap that a session takes, with everything
// that the store keeps for it: a sealed record of the usual sizes, its key and
// its two indexes.
func BenchmarkFootprint(b *testing.B) {
	for _, size := range []int{240, 265, 290} {
		for _, records := range []int{1_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("value=%d/records=%d", size, records), func(b *testing.B) {
				for b.Loop() {
					b.ReportMetric(footprint(b, records, size), "B/session")
				}
			})
		}
	}
}

func footprint(b *testing.B, records, size int) float64 {
	s := New(time.Now)
	defer func() { _ = s.Close() }()
	value := make([]byte, size)
	before := heapInUse()
	expires := time.Now().Add(time.Hour)
	for i := range records {
		id := strconv.Itoa(i)
		r := ports.Record{Key: hashed(id), Value: value, Expires: expires, Indexes: []string{hashed("user" + id), hashed("sid" + id)}}
		if _, err := s.Create(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	return float64(heapInUse()-before) / float64(records)
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
