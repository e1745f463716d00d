// Package http serves the pages to browsers. It contains the routes, the handlers
// and the table that maps errors to responses. Package server runs the HTTP server.
//
// Handlers return an error, and write nothing until they can no longer fail. Users
// read constant texts from package templates, never the text of an error.
//
// All state that clients can create is bounded. Package server bounds connections
// and their memory. This package bounds the requests of one client behind a proxy,
// the sign-ins that one address starts, the codes that the provider refuses
// (clientlimits.go) and the size of a request (parameters.go). Package
// providerhttp bounds outgoing calls.
//
// Front-channel and back-channel logout have no rate limit. The provider sends
// them in bursts from one address and does not repeat them. A forged one costs a
// lookup in the session store or a signature check with a cached key, no more
// than a page with a forged session cookie.
package http
