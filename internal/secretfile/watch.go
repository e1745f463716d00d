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

// A changed file is used once two reads return the same content: a program may still be
// writing it, and half a secret looks like a whole one.
const (
	settlePause = 100 * time.Millisecond // between two reads
	settleReads = 4                      // at most
)

// Config configures a File.
type Config[T any] struct {
	// Paths are the files of one version, such as a certificate and its password.
	Paths []string
	// What names the secret in the log.
	What string
	// Limit bounds the bytes of each file.
	Limit int64
	// Parse reads a version. Its errors are sentences about the file and quote nothing
	// of its content.
	Parse func(files [][]byte) (T, error)
	// Usable returns an error for a version that must not be used now; nil allows
	// every version.
	Usable func(T) error
	// Pause waits between two reads of a changed file.
	Pause func(ctx context.Context, d time.Duration) error
	// Logger gets a message when a new version is used or cannot be used.
	Logger *slog.Logger
}

// File is a secret in a file that can be replaced at any time. The file is read at each
// use, because its modification time is too coarse to show every change, and a secret that
// was revoked must not be used again. The read takes microseconds, and a network request
// follows it. While a new version cannot be used, the last good one stays in use.
type File[T any] struct {
	config Config[T]

	mu       sync.Mutex
	inUse    version[T]
	newest   version[T] // not parsed again until the file changes
	reported string     // the last error in the log
}

type version[T any] struct {
	sum   [sha256.Size]byte
	value T
	err   error // of Parse
}

// Open reads the first version. It returns an error if the version cannot be used.
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

// Get reads the file and returns the newest version that can be used.
func (f *File[T]) Get(ctx context.Context) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, err := f.renew(ctx)
	switch {
	case err == nil:
		f.reported = ""
	case err.Error() != f.reported:
		f.reported = err.Error()
		f.config.Logger.WarnContext(ctx, "the new "+f.config.What+" cannot be used; the previous one stays in use: the file "+f.reported, slog.String("file", path))
	}
	return f.inUse.value
}

// renew starts to use a new version if it can be used. path is the file that an error is
// about.
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

// settle reads the files until two reads return the same content.
func (f *File[T]) settle(ctx context.Context, data [][]byte) ([][]byte, string, error) {
	for range settleReads {
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

// read returns the content of the files. path is the first file, or the file that cannot
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

// sumOf returns a hash of the content, to compare two versions of a file.
func sumOf(data [][]byte) [sha256.Size]byte {
	var all []byte
	for _, one := range data {
		sum := sha256.Sum256(one)
		all = append(all, sum[:]...)
	}
	return sha256.Sum256(all)
}
