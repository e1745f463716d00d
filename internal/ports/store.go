package ports

import (
	"context"
	"time"
)

// SessionStore is where the session adapter keeps its records: memory, a file
// or a server. Keys, indexes and values are opaque to it: keys and indexes hold
// no secret (they are hashes), and values come sealed.
//
// A record that has expired is gone for every method at once. The store itself
// removes it, without being asked, within a few minutes: nothing else does, and
// most sessions are never asked for again once they have run out.
//
// An error other than those named below means that the store could not be
// asked; it should wrap ErrStoreUnavailable. Every method ends within a few
// seconds, whatever the server does. Called with a context that has ended it
// changes nothing and fails with that context's error.
type SessionStore interface {
	// Create adds a record and returns its version. ErrRecordExists where the
	// key is taken by a record that has not expired; of two creators at once
	// exactly one succeeds.
	Create(ctx context.Context, r Record) (Version, error)

	// Find returns the record under key. ErrNoRecord where there is none or it
	// has expired. Expires and Indexes need not be filled in.
	Find(ctx context.Context, key string) (Record, error)

	// Replace changes the value and the expiry of the record that still has
	// version v, and returns its new version. ErrNoRecord where the record is
	// not there, or no longer: a deleted record never comes back by Replace.
	// ErrRecordChanged where it has another version, as it always has where v is
	// AnyVersion. r.Indexes are those that the record was created with.
	Replace(ctx context.Context, r Record, v Version) (Version, error)

	// Delete removes a record: any, where v is AnyVersion, and one that is not
	// there is no error; else the one that still has version v, with
	// ErrRecordChanged where it has another and ErrNoRecord where it is not
	// there, or no longer. Of several who delete one version exactly one
	// succeeds.
	Delete(ctx context.Context, key string, v Version) error

	// Keys returns the keys of the live records that were created with this
	// index, in no order, at most MaxKeys of them. None is no error.
	Keys(ctx context.Context, index string) ([]string, error)
}

// MaxKeys bounds what SessionStore.Keys returns.
const MaxKeys = 1000

// Version tells one state of a record from another. It changes with every
// write and, under one key, is never the same twice, not even when the record
// was deleted or expired in between.
type Version int64

// AnyVersion is no record's version.
const AnyVersion Version = 0

// Record is one entry of a SessionStore.
type Record struct {
	Key string
	// Value is a copy on either side: the store keeps no slice that it was
	// given, and its caller may write to the one that Find answered.
	Value []byte
	// Expires is when the record is gone; the store keeps it to the second or
	// finer.
	Expires time.Time
	// Indexes are under what the record can be found by Keys, besides its key.
	Indexes []string
	// Version is filled in by Find.
	Version Version
}

// StoreReadiness is the optional ability of a session store, or of the adapter
// in front of it, to tell whether it answers.
type StoreReadiness interface {
	// Ready returns nil when the store answers, else an error that wraps
	// ErrStoreUnavailable.
	Ready(ctx context.Context) error
}

// MaxCountAge is how old a number may be that SessionCounter returns and a server
// has counted in a moment.
const MaxCountAge = 15 * time.Second

// SessionCounter is the optional ability of a session store to tell how many
// sessions it has: of all its records those of sessions alone have an index.
type SessionCounter interface {
	// IndexedRecords returns how many records there are that were created with
	// an index, were not deleted and will not have expired when as much time as
	// ahead has passed. Every scrape of the metrics asks, so it is cheap, or
	// answers what it found MaxCountAge ago; where counting takes long, longer ago.
	// errors.ErrUnsupported where the store, as it is set up, can never tell.
	IndexedRecords(ctx context.Context, ahead time.Duration) (int, error)
}
