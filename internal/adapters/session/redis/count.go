package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Sessions, the records that have an index, stand in one more sorted set, by
// the time they expire, so that counting visits none of them. The script that
// writes or deletes a record changes its entry too: the two cannot drift apart,
// whatever dies in between. What the set has lost all the same, by eviction or
// before it was kept, is entered again with the record's next change.
//
// Each writing removes a few entries that have expired, and the set itself
// expires with its last entry.
//
// In a Cluster nothing is counted. A script changes keys of one slot alone, so
// each of the 16384 slots would need a set, and while a slot moves to another
// node, scripts with two keys of it fail (TRYAGAIN): sign-ins would for the sake
// of a gauge.

const countKey = "webapp:n"

var errNotCounted = fmt.Errorf("redis: sessions are not counted in a Cluster (%w)", errors.ErrUnsupported)

// IndexedRecords implements ports.SessionCounter, by the server's clock.
func (s *Store) IndexedRecords(ctx context.Context, ahead time.Duration) (int, error) {
	if _, cluster := s.client.(*redis.ClusterClient); cluster {
		return 0, errNotCounted
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	n, err := s.run(ctx, s.scripts.count, []string{countKey}, ahead.Milliseconds())
	if err != nil {
		return 0, unavailable(err)
	}
	return int(n), nil
}

// counted returns the keys for a script that writes or deletes a record: its
// own, and where it may be counted that of the set.
func (s *Store) counted(key string) []string {
	if _, cluster := s.client.(*redis.ClusterClient); cluster {
		return []string{recordPrefix + key}
	}
	return []string{recordPrefix + key, countKey}
}
