package session

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// scsStore is records as scs asks for a store. It turns the upsert of scs into
// the two things it can mean: adding a new session, or changing exactly the
// state of it that was read. The browser's request in the context knows which.
type scsStore struct {
	*records
	manager *Manager
}

var _ scs.CtxStore = scsStore{}

// revision is what is known of a session's record besides its content. It is
// guarded by the lock of the browser's request.
type revision struct {
	version ports.Version // AnyVersion: there is no record yet
	indexes []string
}

// FindCtx returns the opened value under key. A value that no key opens is
// reported as not found: it is as good as lost.
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

// CommitCtx adds the record of a new session, or replaces the version that was
// read. An ended session is not written back: ports.ErrNoRecord.
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

// DeleteCtx removes the record; one that is not there is no error.
func (s scsStore) DeleteCtx(ctx context.Context, key string) error {
	return s.delete(ctx, key, ports.AnyVersion)
}

// Commit is the form without context that scs.Store asks for.
func (s scsStore) Commit(key string, value []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), key, value, expires)
}

// Find is the form without context that scs.Store asks for.
func (s scsStore) Find(key string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), key)
}

// Delete is the form without context that scs.Store asks for.
func (s scsStore) Delete(key string) error {
	return s.DeleteCtx(context.Background(), key)
}
