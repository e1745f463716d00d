package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/internal/ports"
)

// records stands in front of a ports.SessionStore. It seals what goes in and
// opens what comes out, gives every operation a time limit, and sorts the
// store's errors: those that the contract names, the caller's own cancellation,
// and an outage.
type records struct {
	store ports.SessionStore
	seal  *sealer
	limit time.Duration
}

// entry is one record in plaintext. Its key is also what its value is sealed to.
type entry struct {
	key     string
	value   []byte
	expires time.Time
	indexes []string
}

// opened is what find returns. What no key opens is not readable; its version
// still allows to replace it.
type opened struct {
	value    []byte
	version  ports.Version
	readable bool
}

// create adds a record. ports.ErrRecordExists where there is one.
func (r *records) create(ctx context.Context, e entry) (ports.Version, error) {
	limited, cancel := r.limited(ctx)
	defer cancel()
	v, err := r.store.Create(limited, r.sealed(e))
	return v, classify(ctx, err)
}

// find returns the record under key. ports.ErrNoRecord where there is none.
func (r *records) find(ctx context.Context, key string) (opened, error) {
	limited, cancel := r.limited(ctx)
	defer cancel()
	found, err := r.store.Find(limited, key)
	if err != nil {
		return opened{}, classify(ctx, err)
	}
	plain, ok := r.seal.open(inRecord, key, found.Value)
	return opened{value: plain, version: found.Version, readable: ok}, nil
}

// exists returns nil where there is a record under key, readable or not, and
// ports.ErrNoRecord where there is none.
func (r *records) exists(ctx context.Context, key string) error {
	limited, cancel := r.limited(ctx)
	defer cancel()
	_, err := r.store.Find(limited, key)
	return classify(ctx, err)
}

// replace changes the record that has version v. ports.ErrNoRecord and
// ports.ErrRecordChanged as of the store.
func (r *records) replace(ctx context.Context, e entry, v ports.Version) (ports.Version, error) {
	limited, cancel := r.limited(ctx)
	defer cancel()
	next, err := r.store.Replace(limited, r.sealed(e), v)
	return next, classify(ctx, err)
}

// delete removes a record, of one version or of any. One that is not there is
// no error.
func (r *records) delete(ctx context.Context, key string, v ports.Version) error {
	limited, cancel := r.limited(ctx)
	defer cancel()
	return classify(ctx, r.store.Delete(limited, key, v))
}

// deleteAll removes records one after the other, as far as it gets.
func (r *records) deleteAll(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := r.delete(ctx, key, ports.AnyVersion); err != nil {
			return err
		}
	}
	return nil
}

// keys returns what the store has under an index.
func (r *records) keys(ctx context.Context, index string) ([]string, error) {
	limited, cancel := r.limited(ctx)
	defer cancel()
	keys, err := r.store.Keys(limited, index)
	return keys, classify(ctx, err)
}

func (r *records) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, r.limit)
}

func (r *records) sealed(e entry) ports.Record {
	return ports.Record{
		Key:     e.key,
		Value:   r.seal.seal(inRecord, e.key, e.value),
		Expires: e.expires,
		Indexes: e.indexes,
	}
}

// classify returns an error of the store as the callers here know it. ctx is the
// caller's: a caller that has gone is no outage.
func classify(ctx context.Context, err error) error {
	switch {
	case err == nil,
		errors.Is(err, ports.ErrNoRecord),
		errors.Is(err, ports.ErrRecordExists),
		errors.Is(err, ports.ErrRecordChanged):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("session store: %w", context.Canceled)
	}
	return unavailable(err)
}

// unavailable makes sure that a store's error says so, whatever it was.
func unavailable(err error) error {
	if err == nil || errors.Is(err, ports.ErrStoreUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ports.ErrStoreUnavailable, err)
}
