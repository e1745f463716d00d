// Package http is the way in for browsers: routes, pages, and the one table that
// turns errors into answers. Package server is the server around them.
//
// Handlers return an error and write nothing before they know that they will
// succeed. What a person reads is constant text that package pages has, never an
// error's own words.
//
// What a stranger can make the application hold is bounded: connections and what
// they hold in package server, and here, in the files of these names, requests
// of one client behind a proxy and sign-ins begun (clientlimits.go), the parts of
// a request (parameters.go) and calls of others (calls.go).
//
// No rate is set on callbacks, front-channel and back-channel sign-outs. The
// genuine ones come in bursts from one address, a provider's server or an
// office, are not sent again, and what would be refused is a sign-in or a
// sign-out. Refusing one that is made up costs at most a lookup in the session
// store, or a signature whose key is at hand (asking for keys again is
// throttled), which is no more than any page with a made-up session cookie. A
// callback to a sign-in that did begin also leaves a mark in the store, that its
// state is used: about 200 bytes for 20 minutes, once for each sign-in begun,
// whose rate is bounded. So one address leaves 12 MB of marks at most; what many
// addresses leave together is not bounded.
package http
