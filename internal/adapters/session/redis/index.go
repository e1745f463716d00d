package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"webapp/internal/ports"
)

// An index is a sorted set of entries, each the origin and the key of a record.
// In a Cluster it lies on another node than the records, so nothing can change
// both at once. What is promised is that a record whose Create has returned is
// found until it is gone, and nothing else is:
//
//   - A record is entered before it is made and before its expiry is moved, never
//     the other way round. An instance that dies in between leaves an entry
//     without a record, which does no harm.
//   - An entry counts where its key has a record of its origin. A record that
//     has the key later, in other indexes, does not revive it.
//   - An entry that does not count is removed by the one who reads the index. It
//     may belong to a record that is just being made. Therefore each entering
//     raises the score, an entry is removed only with the score that it was read
//     with, and Create enters its record once more when it is there: a removal
//     that was decided on before comes before that, and is mended by it, or after
//     it, and does nothing.
//   - The score is when the record expires, by the clock of the index's node, so
//     that entries that nobody reads go too. The grace covers what lies between
//     entering and writing.
//
// The index itself expires with its last entry.

const (
	indexPrefix = "webapp:i:"
	indexGrace  = 5 * time.Minute
)

// enter writes r, of that origin, into its indexes.
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

// Keys returns the keys of an index, see ports.SessionStore. It reads as many
// entries as it may answer; where some of them do not count any more it removes
// those and reads again.
func (s *Store) Keys(ctx context.Context, index string) ([]string, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	for {
		entries, err := s.client.ZRangeWithScores(ctx, indexPrefix+index, 0, ports.MaxKeys-1).Result()
		if err != nil {
			return nil, unavailable(err)
		}
		live, dead, err := s.tell(ctx, entries)
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

// tell tells entries that count, and returns their keys, from those that do not,
// and returns these as pairs of entry and score.
func (s *Store) tell(ctx context.Context, entries []redis.Z) (live []string, dead []any, err error) {
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
