package secretfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// A change is believed once two reads, this far apart, agree: a writer may be
// in the middle of it, and half a secret looks like a whole one.
const (
	settlePause  = 50 * time.Millisecond
	settleRounds = 4
)

var errUnsettled = errors.New("is being written at this moment")

// Config says how a File is read.
type Config[T any] struct {
	Path  string
	What  string // the secret, in words for the log
	Limit int64  // bytes
	// Private warns where other accounts can read the file.
	Private bool
	// Parse reads a version. Its errors are sentences about the file, without
	// any of its content.
	Parse func(data []byte) (T, error)
	// Usable, where set, can hold a new version back for the time being.
	Usable func(T) error
	Pause  func(ctx context.Context, d time.Duration) error
	Logger *slog.Logger
}

// File is a secret in a file that somebody replaces from time to time. It is
// read at each use: that takes microseconds beside the network call that
// follows, while a file's times are too coarse to show each change, and a
// secret that was replaced and revoked at once must not be used once more. A
// new version that cannot be used leaves the one before in use.
type File[T any] struct {
	Config[T]

	mu       sync.Mutex
	value    T                 // in use
	taken    [sha256.Size]byte // hash of what is in use
	seen     [sha256.Size]byte // of what was read last
	next     *T                // read, and held back
	reported string
}

// Open reads the first version, which has to be good.
func Open[T any](c Config[T]) (*File[T], error) {
	f := &File[T]{Config: c}
	data, open, err := Read(f.Path, f.Limit)
	if err == nil {
		f.value, err = f.Parse(data)
	}
	if err != nil {
		return nil, err
	}
	f.seen = sha256.Sum256(data)
	f.taken = f.seen
	if f.Private && open {
		f.Logger.Warn("everybody on this machine can read the "+f.What+"; take the right away from others (chmod o-r)", slog.String("file", f.Path))
	}
	return f, nil
}

// Get returns the newest version that can be used.
func (f *File[T]) Get(ctx context.Context) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.look(ctx); err != nil {
		f.report(ctx, err)
	}
	return f.value
}

// look reads the file and takes what is new and good; f.mu is held.
func (f *File[T]) look(ctx context.Context) error {
	data, _, err := Read(f.Path, f.Limit)
	if err != nil {
		return err
	}
	switch sum := sha256.Sum256(data); {
	case sum == f.taken:
		f.seen, f.next, f.reported = sum, nil, ""
		return nil
	case sum != f.seen:
		return f.change(ctx, data)
	case f.next != nil:
		return f.take(ctx, *f.next)
	}
	return nil // looked at before, and bad
}

func (f *File[T]) change(ctx context.Context, data []byte) error {
	data, err := f.settle(ctx, data)
	if err != nil {
		return err
	}
	f.seen, f.next, f.reported = sha256.Sum256(data), nil, ""
	value, err := f.Parse(data)
	if err != nil {
		return err
	}
	return f.take(ctx, value)
}

func (f *File[T]) take(ctx context.Context, value T) error {
	if f.Usable != nil {
		if err := f.Usable(value); err != nil {
			f.next = &value
			return err
		}
	}
	f.value, f.taken, f.next, f.reported = value, f.seen, nil, ""
	f.Logger.InfoContext(ctx, "the "+f.What+" has changed; the new one is in use", slog.String("file", f.Path))
	return nil
}

// settle reads until the file stands still.
func (f *File[T]) settle(ctx context.Context, data []byte) ([]byte, error) {
	for range settleRounds {
		if f.Pause(ctx, settlePause) != nil {
			break
		}
		again, _, err := Read(f.Path, f.Limit)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(data, again) {
			return data, nil
		}
		data = again
	}
	return nil, errUnsettled
}

// report logs what is wrong, once.
func (f *File[T]) report(ctx context.Context, err error) {
	if text := err.Error(); text != f.reported {
		f.reported = text
		f.Logger.WarnContext(ctx, "the new "+f.What+" cannot be used; the one before stays in use: the file "+text, slog.String("file", f.Path))
	}
}
