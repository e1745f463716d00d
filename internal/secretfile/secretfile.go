// Package secretfile reads files with secrets: credentials, keys and tokens. It reads a
// file again when it changes. Its errors are sentences about the file, such as "does not
// exist". They contain neither its path nor its content.
package secretfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// Read reads a regular file of at most limit bytes. An empty file is an error.
func Read(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(err)
	}
	// A pipe would block, and can be read only once.
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("is larger than %d KiB, which is more than such a file needs", limit>>10)
	case len(data) == 0:
		return nil, errors.New("is empty")
	}
	return data, nil
}

// unreadable returns the sentence for an error of the operating system.
func unreadable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("does not exist")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read by the account that runs this program")
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("cannot be read: %w", path.Err)
	}
	return errors.New("cannot be read")
}

// OpenToOthers reports whether every account of this machine can read or change the file.
// It returns false for a file that does not exist. It always returns false on Windows,
// whose access rights are not in the file mode.
func OpenToOthers(path string) bool {
	info, err := os.Stat(path)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o006 != 0
}
