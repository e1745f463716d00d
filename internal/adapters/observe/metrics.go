package observe

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics has the application's Prometheus metrics, in its own registry. It is
// safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	now      func() time.Time

	signIns   *prometheus.CounterVec
	refreshes *prometheus.CounterVec
	revoked   *prometheus.CounterVec
	started   prometheus.Counter
	ended     *prometheus.CounterVec
	reasons   labelLimiter

	requests *prometheus.HistogramVec
	statuses map[int]string
	calls    *prometheus.HistogramVec
	refused  prometheus.Counter // calls to the provider
	stores   [operations][outcomes]prometheus.Observer
}

// NewMetrics returns the metrics of a program with this version. now returns the
// current time.
func NewMetrics(version string, now func() time.Time) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), now: now,
		signIns:   counters("sign_ins_total", "Sign-ins by outcome, and by reason if they are refused.", "outcome", "reason"),
		refreshes: counters("token_refreshes_total", "Refreshes of access tokens by outcome, and by reason if they fail.", "outcome", "reason"),
		revoked:   counters("token_revocations_total", "Revocations of refresh tokens of ended sessions by outcome.", "outcome"),
		ended:     counters("sessions_ended_total", "Ended sessions by cause. An expired session is counted once, when its browser returns within a day.", "cause"),
		started: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "sessions_started_total", Help: "Started sessions.",
		}),
		statuses: statusLabels(),
		requests: durations("http_request_duration_seconds", "Requests by route pattern, method and status.",
			[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "route", "method", "status"),
		calls: durations("provider_call_duration_seconds", "Calls to the identity provider and to the API, until the last byte of the response, by endpoint and outcome: a status class, timeout, canceled or failed.",
			[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "endpoint", "outcome"),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "provider_calls_refused_total", Help: "Calls to the identity provider that were not made, because too many others were waiting for its response.",
		}),
	}
	m.registry.MustRegister(m.signIns, m.refreshes, m.revoked, m.ended, m.started, m.requests, m.calls, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		constant("build_info", "The running program; the value is always 1.", 1, prometheus.Labels{"version": version, "go_version": runtime.Version()}))
	m.registerStores()
	m.startAtZero()
	return m
}

const namespace = "webapp"

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func durations(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}

// constant returns a gauge that always has this value.
func constant(name, help string, value float64, labels prometheus.Labels) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help, ConstLabels: labels},
		func() float64 { return value })
}
