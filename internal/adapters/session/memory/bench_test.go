package memory

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// BenchmarkFootprint reports the memory of a session: a sealed record of the usual
// size, its key and two indexes.
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
	before := heapInUse()
	fill(b, s, records, size, func(int) time.Time { return time.Now().Add(time.Hour) })
	return float64(heapInUse()-before) / float64(records)
}

// fill adds sessions and returns how long the slowest took.
func fill(b *testing.B, s *Store, records, size int, expires func(i int) time.Time) time.Duration {
	value := make([]byte, size)
	var longest time.Duration
	for i := range records {
		id := strconv.Itoa(i)
		r := ports.Record{Key: hashed(id), Value: value, Expires: expires(i), Indexes: []string{hashed("user" + id), hashed("sid" + id)}}
		began := time.Now()
		if _, err := s.Create(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		longest = max(longest, time.Since(began))
	}
	return longest
}

// BenchmarkExpire lets a tenth, and then nearly all, of a million sessions expire at
// the same time. It reports the longest step of the sweep and the slowest Create. The
// times include the operating system and the garbage collector.
func BenchmarkExpire(b *testing.B) {
	const records = 1_000_000
	for _, part := range []int{10, 95} {
		b.Run(fmt.Sprintf("percent=%d", part), func(b *testing.B) {
			for b.Loop() {
				clock := portstest.NewClock(start)
				s := New(clock.Now)
				slowest := fill(b, s, records, 265, func(i int) time.Time {
					return start.Add(time.Minute).Add(time.Duration(i%100/part) * time.Hour)
				})
				runtime.GC()
				clock.Advance(2 * time.Minute)
				var held []time.Duration
				for i := range s.shards {
					for more := true; more; {
						began := time.Now()
						more = s.shards[i].sweepStep(clock.Now().UnixNano())
						held = append(held, time.Since(began))
					}
				}
				slices.Sort(held)
				b.ReportMetric(float64(slowest.Microseconds()), "create-longest-µs")
				b.ReportMetric(float64(held[len(held)*99/100].Microseconds()), "p99-µs")
				b.ReportMetric(float64(held[len(held)-1].Microseconds()), "longest-µs")
				b.ReportMetric(float64(s.Len()), "left")
				_ = s.Close()
			}
		})
	}
}

// BenchmarkOperations measures one operation among a million sessions.
func BenchmarkOperations(b *testing.B) {
	const records = 1_000_000
	s := New(time.Now)
	b.Cleanup(func() { _ = s.Close() })
	fill(b, s, records, 265, func(int) time.Time { return time.Now().Add(time.Hour) })
	key := func(i int) string { return hashed(strconv.Itoa(i * 7919 % records)) }
	b.Run("find", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.Find(b.Context(), key(i)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("keys", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if keys, err := s.Keys(b.Context(), hashed("user"+strconv.Itoa(i*7919%records))); err != nil || len(keys) != 1 {
				b.Fatal(keys, err)
			}
		}
	})
	b.Run("replace", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			r, err := s.Find(b.Context(), key(i))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.Replace(b.Context(), r, r.Version); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
