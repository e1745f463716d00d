//go:build unix

package server

import "syscall"

// maxOpenFiles returns the number of file descriptors that this process may open.
func maxOpenFiles() (most uint64, ok bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return uint64(limit.Cur), true // Cur is signed on some systems
}
