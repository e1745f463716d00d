// Package clientaddr knows whom a request comes from: by which address, and for
// whom an address counts.
//
// The address is that of the TCP peer, or the one that a trusted proxy names.
// Bounds for each client go by its Key, the log has its Text.
package clientaddr
