package session

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// scsStore implements the store of scs on top of records. scs has one method for
// writing, which inserts or updates a record. scsStore creates a record if the
// revision of the browser's request has no version, and otherwise replaces exactly
// that version.
type scsStore struct {
	*records
	manager *Manager
}

var _ scs.CtxStore = scsStore{}

// revision is the version and the indexes of a session's record. The lock of the
// browser's request guards it.
type revision struct {
	version ports.Version // AnyVersion if there is no record yet
	indexes []string
}

// FindCtx returns the opened value with this key. It reports a value that no key
// opens as not found.
func (s scsStore) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	found, err := s.find(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if req, ok := s.manager.requestOf(ctx); ok {
		req.revision.version = found.version
	}
	return found.value, found.readable, nil
}

// CommitCtx creates the record of a new session, or replaces the version that was
// read. It returns ports.ErrNoRecord if the session has ended.
func (s scsStore) CommitCtx(ctx context.Context, key string, value []byte, expires time.Time) error {
	req, ok := s.manager.requestOf(ctx)
	if !ok {
		return ports.ErrNoBrowser
	}
	r := req.revision
	e := entry{key: key, value: value, expires: expires, indexes: r.indexes}
	var v ports.Version
	var err error
	if r.version == ports.AnyVersion {
		v, err = s.create(ctx, e)
	} else {
		v, err = s.replace(ctx, e, r.version)
	}
	if err != nil {
		return err
	}
	r.version = v
	return nil
}

// DeleteCtx deletes the record, if there is one.
func (s scsStore) DeleteCtx(ctx context.Context, key string) error {
	return s.delete(ctx, key, ports.AnyVersion)
}

// Commit is CommitCtx without a context, which scs.Store requires.
func (s scsStore) Commit(key string, value []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), key, value, expires)
}

// Find is FindCtx without a context, which scs.Store requires.
func (s scsStore) Find(key string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), key)
}

// Delete is DeleteCtx without a context, which scs.Store requires.
func (s scsStore) Delete(key string) error {
	return s.DeleteCtx(context.Background(), key)
}
