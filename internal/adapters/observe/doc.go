// Package observe is how the application is watched: an audit log, metrics for
// Prometheus and traces by OpenTelemetry.
//
// It stands beside the parts that it watches and not in them: it implements
// ports.AuditLog, wraps a ports.SessionStore and an http.RoundTripper, and its
// methods fit the hooks of the HTTP adapter. Where a feature is off, Store
// and Transport return what they were given.
//
// Nothing that it lets out names a person or holds a secret. Labels and
// attributes take their values from small fixed sets, so that no stranger can
// make series; the audit log alone has users in it, by their keys.
package observe
