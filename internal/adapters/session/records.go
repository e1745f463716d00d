package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/internal/ports"
)

// records reads and writes a ports.SessionStore. It seals and opens values, and
// classifies errors. The store itself limits the time of each operation.
type records struct {
	store ports.SessionStore
	seal  func(context.Context) *sealer // returns the keys for a context
}

// entry is a record whose value is not sealed yet.
type entry struct {
	key     string
	value   []byte
	expires time.Time
	indexes []string
}

// foundRecord is a record that find has opened with keys. readable is false if no key
// opens its value; such a record can still be replaced.
type foundRecord struct {
	keys     *sealer
	value    []byte
	version  ports.Version
	readable bool
}

// create adds a record. It returns ports.ErrRecordExists if there is one.
func (r *records) create(ctx context.Context, e entry) (ports.Version, error) {
	v, err := r.store.Create(ctx, r.sealed(ctx, e))
	return v, classify(ctx, err)
}

// find returns the record with this key, or ports.ErrNoRecord.
func (r *records) find(ctx context.Context, key string) (foundRecord, error) {
	found, err := r.store.Find(ctx, key)
	if err != nil {
		return foundRecord{}, classify(ctx, err)
	}
	keys := r.seal(ctx)
	plain, ok := keys.open(inRecord, key, found.Value)
	return foundRecord{keys: keys, value: plain, version: found.Version, readable: ok}, nil
}

// exists returns nil if there is a record with this key, readable or not, and
// ports.ErrNoRecord otherwise.
func (r *records) exists(ctx context.Context, key string) error {
	_, err := r.store.Find(ctx, key)
	return classify(ctx, err)
}

// replace changes the record with version v. It returns ports.ErrNoRecord or
// ports.ErrRecordChanged as the store does.
func (r *records) replace(ctx context.Context, e entry, v ports.Version) (ports.Version, error) {
	next, err := r.store.Replace(ctx, r.sealed(ctx, e), v)
	return next, classify(ctx, err)
}

// delete removes a record of version v, or of any version. It returns the errors
// of ports.SessionStore.Delete.
func (r *records) delete(ctx context.Context, key string, v ports.Version) error {
	return classify(ctx, r.store.Delete(ctx, key, v))
}

// deleteAll removes records of any version and stops at the first error.
func (r *records) deleteAll(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := r.delete(ctx, key, ports.AnyVersion); err != nil {
			return err
		}
	}
	return nil
}

// keys returns the keys of the records with this index.
func (r *records) keys(ctx context.Context, index string) ([]string, error) {
	keys, err := r.store.Keys(ctx, index)
	return keys, classify(ctx, err)
}

func (r *records) sealed(ctx context.Context, e entry) ports.Record {
	return ports.Record{
		Key:     e.key,
		Value:   r.seal(ctx).seal(inRecord, e.key, e.value),
		Expires: e.expires,
		Indexes: e.indexes,
	}
}

// classify returns errors that the store's contract names unchanged, and makes
// any other error an outage. If the caller has cancelled ctx, it returns
// context.Canceled instead.
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

// unavailable adds ports.ErrStoreUnavailable to an error, for errors.Is.
func unavailable(err error) error {
	if err == nil || errors.Is(err, ports.ErrStoreUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ports.ErrStoreUnavailable, err)
}
