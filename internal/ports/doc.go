// Package ports is the core of the hexagon. It defines the interfaces through
// which the domain uses an identity provider, a session store and an audit log,
// the values that cross these interfaces, and their sentinel errors.
//
// The package contains no rules; rules live in package domain. It imports only
// the standard library, and no type of net/http, oauth2 or scs appears in a
// signature.
//
// An adapter is complete when it passes the contract suite of its port in
// package portstest.
package ports
