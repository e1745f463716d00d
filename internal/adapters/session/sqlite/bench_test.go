package sqlite

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"webapp/internal/ports"
)

// benchRecords is the number of other records in the file. benchValue is the size of
// a sealed session.
const (
	benchRecords = 20_000
	benchValue   = 300
)

// benchStore returns a store and its keys.
func benchStore(b *testing.B) (*Store, []string) {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "sessions.db"), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	keys := make([]string, benchRecords)
	for i := range keys {
		keys[i] = fmt.Sprintf("%043d", i*7919)
		if _, err := s.Create(b.Context(), benchRecord(keys[i])); err != nil {
			b.Fatal(err)
		}
	}
	return s, keys
}

func benchRecord(key string) ports.Record {
	return ports.Record{
		Key: key, Value: make([]byte, benchValue), Expires: time.Now().Add(time.Hour),
		Indexes: []string{"user of " + key, "sid of " + key},
	}
}

func BenchmarkFind(b *testing.B) {
	s, keys := benchStore(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, err := s.Find(b.Context(), keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFindBy8 finds records from eight goroutines.
func BenchmarkFindBy8(b *testing.B) {
	s, keys := benchStore(b)
	b.ReportAllocs()
	var next atomic.Int64
	b.ResetTimer()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if _, err := s.Find(b.Context(), keys[int(i)%len(keys)]); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkReplace(b *testing.B) {
	s, keys := benchStore(b)
	r := benchRecord(keys[0])
	found, err := s.Find(b.Context(), r.Key)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	v := found.Version
	for b.Loop() {
		if v, err = s.Replace(b.Context(), r, v); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCreate creates a record with two indexes, as a sign-in does.
func BenchmarkCreate(b *testing.B) {
	s, _ := benchStore(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, err := s.Create(b.Context(), benchRecord(fmt.Sprintf("new %039d", i))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSweepStep measures how long other writes wait for the sweep.
func BenchmarkSweepStep(b *testing.B) {
	s, _ := benchStore(b)
	i := 0
	for b.Loop() {
		b.StopTimer()
		for range sweepBatch {
			i++
			r := benchRecord(fmt.Sprintf("expired %035d", i))
			r.Expires = time.Now().Add(-time.Hour)
			if _, err := s.Create(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		if removed, err := s.sweepStep(); err != nil || removed != sweepBatch {
			b.Fatal(removed, err)
		}
	}
}
