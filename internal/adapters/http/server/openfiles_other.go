//go:build !unix

package server

// maxOpenFiles returns false: this system sets no limit.
func maxOpenFiles() (most uint64, ok bool) { return 0, false }
