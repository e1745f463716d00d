// Package server is the http.Server around a handler. What a stranger does to
// it before a handler has a request, or after one has begun to answer, is met
// here: every time, size and number has a limit.
//
// Connections are bounded in number, for each address and in all, and in the
// memory that they take. Beyond a bound the connection goes for which the server
// has waited the longest, so that a new request still gets through.
//
// What the server refuses by itself, because it is no HTTP or too large, never
// reaches the handler. One that is a [RefusalHandler] has the words for that
// too, so that these answers have what all others have.
package server
