// Package observe has the audit log, the metrics for Prometheus and the traces for
// OpenTelemetry.
//
// It wraps the parts that it observes: a ports.SessionStore (Store), an
// http.RoundTripper (Transport) and a ports.AuditLog (Audit). The HTTP adapter
// calls Metrics.Request and Tracer.Request. Without metrics and traces, Store and
// Transport return their argument.
//
// Metrics and traces contain no secrets and no personal data. The audit log names
// users by their key only. Label values come from small fixed sets, so that
// requests cannot create time series.
package observe
