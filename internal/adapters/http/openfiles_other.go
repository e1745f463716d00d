//go:build !unix

package http

// maxOpenFiles: there is no such bound.
func maxOpenFiles() (most uint64, ok bool) { return 0, false }
