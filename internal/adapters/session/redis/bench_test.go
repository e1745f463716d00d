//go:build integration && linux

package redis

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"webapp/internal/ports"
)

// BenchmarkStore measures operations over loopback, from one goroutine and from eight,
// with records of a session's size.
func BenchmarkStore(b *testing.B) {
	_, one := single(b)
	nodes := cluster(b)
	for _, servers := range []struct {
		name string
		url  string
	}{{"server", one.url}, {"cluster", nodes.url}} {
		s := open(b, servers.url, nil)
		for _, workers := range []int{1, 8} {
			name := func(operation string) string { return fmt.Sprint(operation, "/", servers.name, "/", workers) }
			b.Run(name("Find"), func(b *testing.B) { benchFind(b, s, workers) })
			b.Run(name("Replace"), func(b *testing.B) { benchReplace(b, s, workers) })
			b.Run(name("Create"), func(b *testing.B) { benchCreate(b, s, workers) })
		}
	}
}

// inParallel runs ask b.N times in several goroutines.
func inParallel(b *testing.B, workers int, ask func(worker, i int) error) {
	b.ReportAllocs()
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, workers)
	b.ResetTimer()
	for worker := range workers {
		go func() {
			for i := 0; left.Add(-1) >= 0; i++ {
				if err := ask(worker, i); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range workers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}

func benchRecord(key string, indexes ...string) ports.Record {
	return ports.Record{Key: key, Value: make([]byte, 240), Expires: time.Now().Add(time.Hour), Indexes: indexes}
}

func benchFind(b *testing.B, s *Store, workers int) {
	key := b.Name()
	if _, err := s.Create(b.Context(), benchRecord(key)); err != nil {
		_, err = s.Find(b.Context(), key)
		if err != nil {
			b.Fatal(err)
		}
	}
	inParallel(b, workers, func(int, int) error {
		_, err := s.Find(b.Context(), key)
		return err
	})
}

func benchReplace(b *testing.B, s *Store, workers int) {
	records, versions := make([]ports.Record, workers), make([]ports.Version, workers)
	for i := range workers {
		records[i] = benchRecord(fmt.Sprint(b.Name(), b.N, time.Now().UnixNano(), i), fmt.Sprint("user-", i), fmt.Sprint("sid-", i))
		var err error
		if versions[i], err = s.Create(b.Context(), records[i]); err != nil {
			b.Fatal(err)
		}
	}
	inParallel(b, workers, func(worker, _ int) (err error) {
		versions[worker], err = s.Replace(b.Context(), records[worker], versions[worker])
		return err
	})
}

func benchCreate(b *testing.B, s *Store, workers int) {
	run := time.Now().UnixNano()
	inParallel(b, workers, func(worker, i int) error {
		name := fmt.Sprint(run, "-", worker, "-", i)
		_, err := s.Create(b.Context(), benchRecord(name, "user-"+name, "sid-"+name))
		return err
	})
}
