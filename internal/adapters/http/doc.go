// Package http is the way in for browsers: routes, pages, and the one table that
// turns errors into answers. Package server is the server around them.
//
// Handlers return an error and write nothing before they know that they will
// succeed. What a person reads is constant text that package pages has, never an
// error's own words.
//
// Everything that anybody can make the application hold is bounded: connections
// and their memory in package server, and here the requests of one client behind
// a proxy, sign-ins begun and codes refused (clientlimits.go) and the size of a
// request (parameters.go). Package providerhttp bounds the calls to others.
//
// Front-channel and back-channel sign-outs have no rate limit. Genuine ones come
// in bursts from one address, the provider's server, and are not sent again. A
// made-up one costs at most a lookup in the session store, or a signature whose
// key is at hand, which is no more than a page with a made-up session cookie.
package http
