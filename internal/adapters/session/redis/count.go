package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A sorted set has an entry for each session, with its expiry as score, so that
// counting reads no record. The script that writes or deletes a record changes the
// entry too. An entry that is lost, for example by eviction, comes back with the next
// change of its record.
//
// Each write removes a few expired entries. The set expires with its last entry.
//
// In a Cluster sessions are not counted. A script can use only keys of one slot, so
// each of the 16384 slots would need a set. While a slot moves to another node,
// scripts with two keys fail (TRYAGAIN), and so would sign-ins.

const countKey = "webapp:n"

var errNotCounted = fmt.Errorf("redis: sessions are not counted in a Cluster (%w)", errors.ErrUnsupported)

// IndexedRecords implements ports.SessionCounter. It uses the server's clock.
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

// counted returns the keys for a script that writes or deletes a record: the
// record's key and, unless in a Cluster, the key of the set.
func (s *Store) counted(key string) []string {
	if _, cluster := s.client.(*redis.ClusterClient); cluster {
		return []string{recordPrefix + key}
	}
	return []string{recordPrefix + key, countKey}
}
