package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"webapp/internal/ports"
)

// An index is a sorted set. Each entry is the origin (see version.go) and the key
// of a record. In a Cluster the index can be on another node than the record, so
// one step cannot change both. The rules below make sure that Keys finds a record
// from the end of Create until the record is deleted or expires, and that Keys
// returns no other keys.
//
//   - A record is entered into its indexes before it is written and before its
//     expiry changes. If an instance stops in between, the entry has no record,
//     which is harmless.
//   - An entry is valid if there is a record with its key and its origin. A later
//     record with the same key has another origin.
//   - Keys removes invalid entries. Such an entry can belong to a record that
//     another instance is about to write. So each entering raises the score, an
//     entry is removed only if it still has the score that was read, and Create
//     enters the record again after writing it. A removal before that is repaired,
//     and a removal after it finds another score and does nothing.
//   - The score is the record's expiry by the clock of the index's node, so entries
//     that nobody reads are removed too. The grace is for the time between entering
//     and writing.
//
// The index expires with its last entry.

const (
	indexPrefix = "webapp:i:"
	indexGrace  = 5 * time.Minute
)

// enter adds r to its indexes.
func (s *Store) enter(ctx context.Context, r ports.Record, origin string, ttl int64) error {
	if len(r.Indexes) == 0 {
		return nil
	}
	entry := origin + r.Key
	fill := func(command func(context.Context, []string, ...any) *redis.Cmd) error {
		// Entering is safe to repeat, so go-redis may retry the pipeline.
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, index := range r.Indexes {
				_ = p.Process(ctx, command(ctx, []string{indexPrefix + index}, entry, ttl, indexGrace.Milliseconds()))
			}
			return nil
		})
		return err
	}
	err := fill(s.scripts.enter.cached)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		err = fill(s.scripts.enter.whole)
	}
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// Keys implements ports.SessionStore. It removes invalid entries and then reads the
// index again.
func (s *Store) Keys(ctx context.Context, index string) ([]string, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	for {
		entries, err := s.client.ZRangeWithScores(ctx, indexPrefix+index, 0, ports.MaxKeys-1).Result()
		if err != nil {
			return nil, unavailable(err)
		}
		live, dead, err := s.partition(ctx, entries)
		if err != nil {
			return nil, unavailable(err)
		}
		if len(dead) == 0 {
			return live, nil
		}
		removed, err := s.run(ctx, s.scripts.prune, []string{indexPrefix + index}, dead...)
		if err != nil {
			return nil, unavailable(err)
		}
		if removed == 0 || len(entries) < ports.MaxKeys {
			return live, nil
		}
	}
}

// partition returns the keys of valid entries, and the invalid entries as pairs of
// entry and score.
func (s *Store) partition(ctx context.Context, entries []redis.Z) (live []string, dead []any, err error) {
	if len(entries) == 0 {
		return nil, nil, nil
	}
	versions := make([]*redis.StringCmd, len(entries))
	_, err = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, z := range entries {
			_, key := splitEntry(z)
			versions[i] = p.GetRange(ctx, recordPrefix+key, 0, versionSize-1)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for i, z := range entries {
		entered, key := splitEntry(z)
		b, _ := versions[i].Bytes()
		if v, ok := readVersion(b); ok && origin(v) == entered {
			live = append(live, key)
		} else {
			dead = append(dead, entered+key, strconv.FormatFloat(z.Score, 'f', 0, 64))
		}
	}
	return live, dead, nil
}

// splitEntry returns the origin and the key of an entry.
func splitEntry(z redis.Z) (origin, key string) {
	entry, _ := z.Member.(string)
	n := min(originSize, len(entry))
	return entry[:n], entry[n:]
}
