package redis

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"webapp/internal/ports"
)

const recordPrefix = "webapp:s:"

// Create implements ports.SessionStore. It refuses values of more than 1 MiB.
//
// It enters a record into its indexes before it writes the record, and once more
// afterwards. index.go says why.
func (s *Store) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	if err := checkSize(r.Value); err != nil {
		return ports.AnyVersion, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	v := newVersion()
	if err := s.create(ctx, r, v); err != nil {
		return ports.AnyVersion, err
	}
	return v, nil
}

func (s *Store) create(ctx context.Context, r ports.Record, v ports.Version) error {
	ttl := s.ttl(r)
	if ttl <= 0 {
		return s.createExpired(ctx, r.Key)
	}
	if err := s.enter(ctx, r, origin(v), ttl); err != nil {
		return err
	}
	if err := s.set(ctx, r, v, ttl); err != nil {
		return err
	}
	// The score must differ, even in the same millisecond.
	return s.enter(ctx, r, origin(v), ttl+1)
}

// set creates the record. If it has an index, set also adds it to the set of
// sessions.
func (s *Store) set(ctx context.Context, r ports.Record, v ports.Version, ttl int64) error {
	keys, value := s.counted(r.Key), stored(v, r.Value)
	if len(r.Indexes) == 0 || len(keys) == 1 {
		err := s.client.Process(ctx, once{redis.NewCmd(ctx, "set", keys[0], value, "px", ttl, "nx")})
		if isNil(err) {
			return ports.ErrRecordExists
		}
		if err != nil {
			return unavailable(err)
		}
		return nil
	}
	answer, err := s.run(ctx, s.scripts.create, keys, value, ttl, r.Key)
	if err != nil {
		return unavailable(err)
	}
	if answer == answerNone {
		return ports.ErrRecordExists
	}
	return nil
}

// createExpired returns the result of Create for a record that has expired already.
func (s *Store) createExpired(ctx context.Context, key string) error {
	n, err := s.client.Exists(ctx, recordPrefix+key).Result()
	if err != nil {
		return unavailable(err)
	}
	if n > 0 {
		return ports.ErrRecordExists
	}
	return nil
}

// Find implements ports.SessionStore.
func (s *Store) Find(ctx context.Context, key string) (ports.Record, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	b, err := s.get(ctx, recordPrefix+key)
	if isNil(err) {
		return ports.Record{}, ports.ErrNoRecord
	}
	if err != nil {
		return ports.Record{}, unavailable(err)
	}
	v, ok := readVersion(b)
	if !ok {
		return ports.Record{}, unavailable(errForeign)
	}
	return ports.Record{Key: key, Value: b[versionSize:], Version: v}, nil
}

func (s *Store) get(ctx context.Context, key string) ([]byte, error) {
	if s.reads == nil {
		return s.client.Get(ctx, key).Bytes()
	}
	return s.reads.find(ctx, key)
}

// Replace implements ports.SessionStore. It refuses values of more than 1 MiB.
func (s *Store) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	changed, err := next(v)
	if err := errors.Join(err, checkSize(r.Value)); err != nil {
		return ports.AnyVersion, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	ttl := s.ttl(r)
	if ttl > 0 {
		if err := s.enter(ctx, r, origin(v), ttl); err != nil {
			return ports.AnyVersion, err
		}
	}
	keys := s.counted(r.Key)
	if len(r.Indexes) == 0 {
		keys = keys[:1]
	}
	answer, err := s.run(ctx, s.scripts.replace, keys, versionBytes(v, 0), stored(changed, r.Value), ttl, r.Key)
	switch {
	case err != nil:
		return ports.AnyVersion, unavailable(err)
	case answer == answerNone:
		return ports.AnyVersion, ports.ErrNoRecord
	case answer == answerChanged:
		return ports.AnyVersion, ports.ErrRecordChanged
	}
	return changed, nil
}

// Delete implements ports.SessionStore. The entries in indexes are removed when the
// index is read next, or when they expire.
func (s *Store) Delete(ctx context.Context, key string, v ports.Version) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var expected []byte // any
	if v != ports.AnyVersion {
		expected = versionBytes(v, 0)
	}
	answer, err := s.run(ctx, s.scripts.delete, s.counted(key), expected, key)
	switch {
	case err != nil:
		return unavailable(err)
	case answer == answerNone:
		return ports.ErrNoRecord
	case answer == answerChanged:
		return ports.ErrRecordChanged
	}
	return nil
}

// ttl returns the remaining life of r in milliseconds.
func (s *Store) ttl(r ports.Record) int64 {
	return r.Expires.Sub(s.clock()).Milliseconds()
}

// probeKey is the key of a record that never exists. The keys of records are
// hashes and have no colon.
const probeKey = "probe:"

// Ready implements ports.StoreReadiness. It reads a key and deletes one that does
// not exist. In a Cluster every master must respond too.
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
