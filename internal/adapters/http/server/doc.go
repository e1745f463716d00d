// Package server runs an http.Server with a limit on every time, size and number
// that a client controls before a handler has the request, or after the handler
// has started its response.
//
// The number of open connections is limited, per address and in total, and so is
// the memory that they use. At a limit the server closes the connection that has
// kept it waiting the longest. A new request therefore still gets through.
//
// net/http refuses malformed and oversized requests before it calls a handler. A
// handler that implements [RefusalHandler] also writes those responses, so they
// carry the same headers as all others.
//
// golang.org/x/net/netutil.LimitListener was considered: it limits the number of
// connections only, makes new ones wait behind stalled ones, and has no limit per
// address or on memory.
package server
