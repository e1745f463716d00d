//go:build unix

package server

import "syscall"

// maxOpenFiles is how many file descriptors this process may have.
func maxOpenFiles() (most uint64, ok bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return uint64(limit.Cur), true // signed on some systems
}
