package ports

import (
	"context"
	"time"
)

// SessionStore stores the records of the session manager in memory, in a file or
// on a server. Keys, indexes and values have no meaning to it: keys and indexes
// are hashes, and values are encrypted.
//
// Every method treats an expired record as absent. The store itself removes it
// within a few minutes, because usually nobody asks for an expired session again.
//
// An error other than those in a method's comment means that the store failed; it
// should wrap ErrStoreUnavailable. Every method returns within a few seconds,
// whatever the server does; the caller sets no time limit. If ctx has ended before
// the call, the method changes nothing and returns the error of ctx.
type SessionStore interface {
	// Create adds a record and returns its version. It returns ErrRecordExists
	// if an unexpired record has the key. Of several concurrent calls with one
	// key exactly one succeeds.
	Create(ctx context.Context, r Record) (Version, error)

	// Find returns the record with this key, or ErrNoRecord. It may leave Expires
	// and Indexes empty.
	Find(ctx context.Context, key string) (Record, error)

	// Replace sets value and expiry of the record if its version is v, and
	// returns the new version. It returns ErrNoRecord if the record does not
	// exist; a deleted record never comes back. It returns ErrRecordChanged if
	// the record has another version; AnyVersion matches none. The caller passes
	// the r.Indexes that the record was created with.
	Replace(ctx context.Context, r Record, v Version) (Version, error)

	// Delete removes a record. With AnyVersion it removes any version and returns
	// no error if there is no record. With another v it returns ErrRecordChanged
	// if the record has another version, and ErrNoRecord if there is none; of
	// several concurrent calls with one version exactly one succeeds.
	Delete(ctx context.Context, key string, v Version) error

	// Keys returns the keys of the unexpired records that were created with this
	// index, in any order, at most MaxKeys. It returns no error if there are none.
	Keys(ctx context.Context, index string) ([]string, error)
}

// MaxKeys is the largest number of keys that SessionStore.Keys returns.
const MaxKeys = 1000

// Version identifies one state of a record. Every write gives the record a new
// version. A version never occurs twice with the same key, also not after the
// record was deleted or has expired.
type Version int64

// AnyVersion is a value that no record has as its version.
const AnyVersion Version = 0

// Record is one record of a SessionStore.
type Record struct {
	Key string
	// Value is never shared: the store copies the slice that it is given, and the
	// caller may change the slice that Find returns.
	Value []byte
	// Expires is when the record stops existing. The store keeps it at least to
	// the second.
	Expires time.Time
	// Indexes are the names by which Keys finds the record.
	Indexes []string
	// Version is set by Find.
	Version Version
}

// StoreReadiness is an optional ability of a SessionStore or a SessionManager.
type StoreReadiness interface {
	// Ready returns nil if the store responds, and otherwise an error that wraps
	// ErrStoreUnavailable.
	Ready(ctx context.Context) error
}

// SessionCounter is an optional ability of a SessionStore: it counts the
// sessions. Only the records of sessions have an index.
type SessionCounter interface {
	// IndexedRecords returns the number of records with an index that will not
	// have expired after the duration ahead. Every scrape of the metrics calls
	// it, so it is fast: it may return a number from up to MaxCountAge ago, or
	// older if counting takes long. It returns errors.ErrUnsupported if the store
	// cannot count in its present configuration.
	IndexedRecords(ctx context.Context, ahead time.Duration) (int, error)
}

// MaxCountAge is how old the result of SessionCounter.IndexedRecords can be if
// counting is fast.
const MaxCountAge = 15 * time.Second
