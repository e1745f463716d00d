package session

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// scsStore implements the store of scs on top of records. It hashes the tokens, so
// that the store has only their hashes. scs loads sessions and writes new ones. Later
// writes replace the version that was read, which scs cannot.
type scsStore struct {
	*records
	manager *Manager
}

var _ scs.CtxStore = scsStore{}

// sessionRecord has what scs does not know of a session's record. The lock of the
// browser's request guards it.
type sessionRecord struct {
	version ports.Version // of the record that FindCtx found or CommitCtx created
	indexes []string      // of the record that CommitCtx creates
}

// FindCtx returns the opened value of the token's record. It reports a value that no
// key opens as not found.
func (s scsStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	found, err := s.find(ctx, sessionKey(token))
	if errors.Is(err, ports.ErrNoRecord) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if req, ok := s.manager.requestOf(ctx); ok {
		req.record.version = found.version
	}
	return found.value, found.readable, nil
}

// CommitCtx creates the record of a new session. It returns ports.ErrRecordExists if
// there is one.
func (s scsStore) CommitCtx(ctx context.Context, token string, value []byte, expires time.Time) error {
	req, ok := s.manager.requestOf(ctx)
	if !ok {
		return ports.ErrNoBrowser
	}
	var err error
	req.record.version, err = s.create(ctx, entry{
		key: sessionKey(token), value: value, expires: expires, indexes: req.record.indexes,
	})
	return err
}

// DeleteCtx deletes the record, if there is one.
func (s scsStore) DeleteCtx(ctx context.Context, token string) error {
	return s.delete(ctx, sessionKey(token), ports.AnyVersion)
}

// Commit is CommitCtx without a context, which scs.Store requires.
func (s scsStore) Commit(token string, value []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, value, expires)
}

// Find is FindCtx without a context, which scs.Store requires.
func (s scsStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Delete is DeleteCtx without a context, which scs.Store requires.
func (s scsStore) Delete(token string) error {
	return s.DeleteCtx(context.Background(), token)
}
