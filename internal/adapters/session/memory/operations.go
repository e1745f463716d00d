package memory

import (
	"context"
	"hash/maphash"
	"time"

	"webapp/internal/ports"
)

// Create implements ports.SessionStore.
func (s *Store) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	sh, now := s.enter(r.Key)
	defer sh.mu.Unlock()
	if i, ok := sh.find(r.Key); ok {
		if sh.slots.at(i).expires > now {
			return 0, ports.ErrRecordExists
		}
		sh.remove(i)
	}
	return sh.add(r), nil
}

// Find implements ports.SessionStore. It returns a copy of the record without its
// indexes.
func (s *Store) Find(ctx context.Context, key string) (ports.Record, error) {
	if err := ctx.Err(); err != nil {
		return ports.Record{}, err
	}
	sh, now := s.enter(key)
	defer sh.mu.Unlock()
	sl, ok := sh.live(key, now)
	if !ok {
		return ports.Record{}, ports.ErrNoRecord
	}
	return ports.Record{
		Key:     key,
		Value:   []byte(sl.value()),
		Expires: time.Unix(0, sl.expires),
		Version: ports.Version(sl.version),
	}, nil
}

// Replace implements ports.SessionStore.
func (s *Store) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	sh, now := s.enter(r.Key)
	defer sh.mu.Unlock()
	sl, ok := sh.live(r.Key, now)
	if !ok {
		return 0, ports.ErrNoRecord
	}
	if sl.version != int64(v) {
		return 0, ports.ErrRecordChanged
	}
	return sh.replace(sl, r), nil
}

// Delete implements ports.SessionStore.
func (s *Store) Delete(ctx context.Context, key string, v ports.Version) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sh, now := s.enter(key)
	defer sh.mu.Unlock()
	if v != ports.AnyVersion {
		sl, ok := sh.live(key, now)
		if !ok {
			return ports.ErrNoRecord
		}
		if sl.version != int64(v) {
			return ports.ErrRecordChanged
		}
	}
	i, ok := sh.find(key)
	if !ok {
		return nil
	}
	sh.remove(i)
	sh.shrink()
	return nil
}

// Keys implements ports.SessionStore. It locks one shard after the other.
func (s *Store) Keys(ctx context.Context, index string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var list []string
	now, hash := s.clock().UnixNano(), maphash.String(s.seed, index)
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		list = sh.keys(list, hash, now, ports.MaxKeys)
		sh.mu.Unlock()
	}
	return list, nil
}
