package redis

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"webapp/internal/ports"
)

// probeKey is the key of a record that is never there. Keys that come from
// outside are hashes and hold no colon.
const probeKey = "probe:"

// Ready asks the server for what a session needs, see ports.StoreReadiness: a
// read, and a write that changes nothing. In a Cluster every master must answer
// besides.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			return node.Ping(ctx).Err()
		})
		if err != nil {
			return unavailable(err)
		}
	}
	if _, err := s.Find(ctx, probeKey); err != nil && !errors.Is(err, ports.ErrNoRecord) {
		return err
	}
	err := s.Delete(ctx, probeKey, 1)
	if errors.Is(err, ports.ErrNoRecord) || errors.Is(err, ports.ErrRecordChanged) {
		return nil
	}
	return err
}
