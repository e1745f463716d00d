//go:build !unix

package server

// maxOpenFiles: there is no such bound.
func maxOpenFiles() (most uint64, ok bool) { return 0, false }
