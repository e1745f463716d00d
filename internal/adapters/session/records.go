package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// records stands between scs and a ports.SessionStore. It seals what goes in
// and opens what comes out, and it turns the upsert that scs asks for into the
// two things it can mean: adding a new session or changing one that exists.
type records struct {
	store ports.SessionStore
	seal  *sealer
}

var _ scs.CtxStore = (*records)(nil)

// creatingKey marks the context of the one commit that begins a session. The
// unmarked case is the harmless one.
type creatingKey struct{}

// creating answers ctx for a commit that adds a record.
func creating(ctx context.Context) context.Context {
	return context.WithValue(ctx, creatingKey{}, true)
}

// sessionKey is the record key that scs uses for a session token.
func sessionKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// CommitCtx adds the record in a context made by creating, else replaces it.
// It fails with ports.ErrNoSession where there is none to replace.
func (r *records) CommitCtx(ctx context.Context, key string, value []byte, expires time.Time) error {
	if ctx.Value(creatingKey{}) != nil {
		return r.create(ctx, key, value, expires)
	}
	return r.replace(ctx, key, value, expires)
}

// FindCtx answers the opened value under key. A value that no key opens is
// reported as not found: it is as good as lost.
func (r *records) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	sealed, err := r.store.Find(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, unavailable(err)
	}
	plain, ok := r.seal.open(inRecord, key, sealed)
	return plain, ok, nil
}

// DeleteCtx removes the record; one that is not there is no error.
func (r *records) DeleteCtx(ctx context.Context, key string) error {
	return unavailable(r.store.Delete(ctx, key))
}

func (r *records) create(ctx context.Context, key string, value []byte, expires time.Time) error {
	err := r.store.Create(ctx, r.record(key, value, expires))
	if errors.Is(err, ports.ErrRecordExists) {
		return err
	}
	return unavailable(err)
}

func (r *records) replace(ctx context.Context, key string, value []byte, expires time.Time) error {
	err := r.store.Replace(ctx, r.record(key, value, expires))
	if errors.Is(err, ports.ErrNoRecord) {
		return ports.ErrNoSession
	}
	return unavailable(err)
}

func (r *records) record(key string, value []byte, expires time.Time) ports.Record {
	return ports.Record{Key: key, Value: r.seal.seal(inRecord, key, value), Expires: expires}
}

// Commit is the form without context that scs.Store asks for.
func (r *records) Commit(key string, value []byte, expires time.Time) error {
	return r.CommitCtx(context.Background(), key, value, expires)
}

// Find is the form without context that scs.Store asks for.
func (r *records) Find(key string) ([]byte, bool, error) {
	return r.FindCtx(context.Background(), key)
}

// Delete is the form without context that scs.Store asks for.
func (r *records) Delete(key string) error {
	return r.DeleteCtx(context.Background(), key)
}
