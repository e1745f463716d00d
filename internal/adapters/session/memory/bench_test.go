package memory

import (
	"crypto/rand"
	"runtime"
	"testing"
	"time"

	"webapp/internal/ports"
)

// BenchmarkFootprint reports the heap that a record takes, of the size that a
// session has when it is sealed, key and expiry included.
func BenchmarkFootprint(b *testing.B) {
	const records, valueSize = 200_000, 240
	value := make([]byte, valueSize)
	for b.Loop() {
		s := New(time.Now)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		expires := time.Now().Add(time.Hour)
		for range records {
			key := rand.Text() + rand.Text()[:17]
			if err := s.Create(b.Context(), ports.Record{Key: key, Value: value, Expires: expires}); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/records, "B/record")
		_ = s.Close()
		runtime.KeepAlive(s)
	}
}
