package entra

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

// watchedFile is a credential in a file that somebody replaces from time to
// time. It is read at each use: that takes microseconds beside the network call
// that follows, while a file's times are too coarse to show each change, and a
// secret that was replaced and revoked at once must not be used once more. A
// new version that cannot be used leaves the one before in use.
type watchedFile[T any] struct {
	path    string
	what    string // the credential, in words for the log
	limit   int64  // bytes
	private bool   // others should not be able to read it
	// parse reads a version; its errors are sentences about the file, without
	// any of its content.
	parse func(data []byte) (T, error)
	// usable, where set, can hold a version back for the time being.
	usable func(T) error
	pause  func(ctx context.Context, d time.Duration) error
	log    *slog.Logger

	mu       sync.Mutex
	value    T                 // in use
	taken    [sha256.Size]byte // hash of what is in use
	seen     [sha256.Size]byte // of what was read last
	next     *T                // read, and held back
	reported string
}

// openWatched reads the first version, which has to be good.
func openWatched[T any](cfg Config, f *watchedFile[T]) (*watchedFile[T], error) {
	f.pause, f.log = cfg.Pause, cfg.Logger
	data, open, err := readFile(f.path, f.limit)
	if err == nil {
		f.value, err = f.parse(data)
	}
	if err != nil {
		return nil, err
	}
	f.seen = sha256.Sum256(data)
	f.taken = f.seen
	if f.private && open {
		f.log.Warn("everybody on this machine can read the "+f.what+"; take the right away from others (chmod o-r)", slog.String("file", f.path))
	}
	return f, nil
}

// get returns the newest version that can be used.
func (f *watchedFile[T]) get(ctx context.Context) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.look(ctx); err != nil {
		f.report(ctx, err)
	}
	return f.value
}

// look reads the file and takes what is new and good; f.mu is held.
func (f *watchedFile[T]) look(ctx context.Context) error {
	data, _, err := readFile(f.path, f.limit)
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

func (f *watchedFile[T]) change(ctx context.Context, data []byte) error {
	data, err := f.settle(ctx, data)
	if err != nil {
		return err
	}
	f.seen, f.next, f.reported = sha256.Sum256(data), nil, ""
	value, err := f.parse(data)
	if err != nil {
		return err
	}
	return f.take(ctx, value)
}

func (f *watchedFile[T]) take(ctx context.Context, value T) error {
	if f.usable != nil {
		if err := f.usable(value); err != nil {
			f.next = &value
			return err
		}
	}
	f.value, f.taken, f.next, f.reported = value, f.seen, nil, ""
	f.log.InfoContext(ctx, "the "+f.what+" has changed; the new one is in use", slog.String("file", f.path))
	return nil
}

// settle reads until the file stands still.
func (f *watchedFile[T]) settle(ctx context.Context, data []byte) ([]byte, error) {
	for range settleRounds {
		if f.pause(ctx, settlePause) != nil {
			break
		}
		again, _, err := readFile(f.path, f.limit)
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
func (f *watchedFile[T]) report(ctx context.Context, err error) {
	if text := err.Error(); text != f.reported {
		f.reported = text
		f.log.WarnContext(ctx, "the new "+f.what+" cannot be used; the one before stays in use: the file "+text, slog.String("file", f.path))
	}
}
