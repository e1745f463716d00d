package secretfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// A change is believed once two reads, this far apart, agree: a writer may be
// in the middle of it, and half a secret looks like a whole one.
const (
	settlePause  = 50 * time.Millisecond
	settleRounds = 4
)

// Config says how a File is read.
type Config[T any] struct {
	// Paths are the files that make up one version: a certificate and its
	// password, for instance.
	Paths []string
	What  string // the secret, in words for the log
	Limit int64  // bytes of each file
	// Parse reads a version. Its errors are sentences about the file, without
	// any of its content.
	Parse func(files [][]byte) (T, error)
	// Usable, where set, can hold a new version back for the time being.
	Usable func(T) error
	Pause  func(ctx context.Context, d time.Duration) error
	Logger *slog.Logger
}

// File is a secret in a file that somebody replaces from time to time. It is
// read at each use: that takes microseconds beside the network call that
// follows. A file's times are too coarse to show each change, and a secret that
// was replaced and revoked at once must not be used once more. While a new
// version cannot be used, the last good one stays in use.
type File[T any] struct {
	config Config[T]

	mu       sync.Mutex
	inUse    version[T]
	newest   version[T] // not parsed again until the file changes
	reported string
}

type version[T any] struct {
	sum   [sha256.Size]byte
	value T
	err   error // of Parse
}

// Open reads the first version, which has to be good.
func Open[T any](c Config[T]) (*File[T], error) {
	f := &File[T]{config: c}
	data, _, err := f.read()
	if err != nil {
		return nil, err
	}
	f.inUse = f.parse(data)
	f.newest = f.inUse
	return f, f.inUse.err
}

// Get returns the newest version that can be used.
func (f *File[T]) Get(ctx context.Context) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, err := f.renew(ctx)
	switch {
	case err == nil:
		f.reported = ""
	case err.Error() != f.reported:
		f.reported = err.Error()
		f.config.Logger.WarnContext(ctx, "the new "+f.config.What+" cannot be used; the one before stays in use: the file "+f.reported, slog.String("file", path))
	}
	return f.inUse.value
}

// renew puts a new version to use if it is good. It returns the path of the
// file that is to blame for an error.
func (f *File[T]) renew(ctx context.Context) (path string, err error) {
	data, path, err := f.read()
	if err != nil {
		return path, err
	}
	switch sumOf(data) {
	case f.newest.sum:
	case f.inUse.sum:
		f.newest = f.inUse
	default:
		if data, path, err = f.settle(ctx, data); err != nil {
			return path, err
		}
		f.newest, f.reported = f.parse(data), ""
	}
	if f.newest.sum == f.inUse.sum || f.newest.err != nil {
		return path, f.newest.err
	}
	if f.config.Usable != nil {
		if err := f.config.Usable(f.newest.value); err != nil {
			return path, err
		}
	}
	f.inUse = f.newest
	f.config.Logger.InfoContext(ctx, "the "+f.config.What+" has changed; the new one is in use", slog.String("file", path))
	return path, nil
}

// settle reads until the files stand still.
func (f *File[T]) settle(ctx context.Context, data [][]byte) ([][]byte, string, error) {
	for range settleRounds {
		if f.config.Pause(ctx, settlePause) != nil {
			break
		}
		again, path, err := f.read()
		if err != nil || slices.EqualFunc(data, again, bytes.Equal) {
			return again, path, err
		}
		data = again
	}
	return nil, f.config.Paths[0], errors.New("is being written at this moment")
}

// read returns what the files hold. path is the first, or the one that cannot
// be read.
func (f *File[T]) read() (data [][]byte, path string, err error) {
	for _, path := range f.config.Paths {
		one, err := Read(path, f.config.Limit)
		if err != nil {
			return nil, path, err
		}
		data = append(data, one)
	}
	return data, f.config.Paths[0], nil
}

func (f *File[T]) parse(data [][]byte) version[T] {
	value, err := f.config.Parse(data)
	return version[T]{sumOf(data), value, err}
}

// sumOf tells versions apart.
func sumOf(data [][]byte) [sha256.Size]byte {
	var all []byte
	for _, one := range data {
		sum := sha256.Sum256(one)
		all = append(all, sum[:]...)
	}
	return sha256.Sum256(all)
}
