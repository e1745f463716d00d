// Package ports is the bottom of the hexagon: the interfaces through which the
// domain reaches an identity provider and a session store, the values that
// cross them, and their sentinel errors.
//
// It holds boundary facts (what a provider asserted, what a store keeps) and no
// rules; rules live in package domain. It imports the standard library alone,
// and no type of net/http, oauth2 or scs appears in a signature.
//
// An adapter is complete when it passes the contract suite of its port in
// package portstest.
package ports
