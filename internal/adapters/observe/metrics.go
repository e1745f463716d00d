package observe

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics counts and times what the application does, in a registry of its
// own. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	now      func() time.Time

	signIns   *prometheus.CounterVec
	refreshes *prometheus.CounterVec
	started   prometheus.Counter
	ended     *prometheus.CounterVec
	reasons   words

	requests *prometheus.HistogramVec
	statuses map[int]string
	calls    *prometheus.HistogramVec
	crowded  prometheus.Counter
	stores   [operations][outcomes]prometheus.Observer
}

// NewMetrics returns metrics of a program of that version. now tells the time.
func NewMetrics(version string, now func() time.Time) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), now: now,
		signIns:   counters("sign_ins_total", "Sign-ins by what became of them; the reason is that of a refusal.", "outcome", "reason"),
		refreshes: counters("token_refreshes_total", "Renewals of access tokens by what became of them.", "outcome", "reason"),
		ended:     counters("sessions_ended_total", "Sessions that have ended, by what ended them. One that has run out counts once, when its browser comes back within a day.", "cause"),
		started: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "sessions_started_total", Help: "Sessions that have begun.",
		}),
		statuses: answeredStatuses(),
		requests: durations("http_request_duration_seconds", "Answered requests by route pattern, method and status.",
			[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "route", "method", "status"),
		calls: durations("provider_call_duration_seconds", "Calls of the identity provider and of the API, until the answer's last byte, by endpoint and outcome: a status class, timeout, canceled or failed.",
			[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "endpoint", "outcome"),
		crowded: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "provider_calls_refused_total", Help: "Calls of the identity provider that were not made, because too many others were waiting for its answer.",
		}),
	}
	m.registry.MustRegister(m.signIns, m.refreshes, m.ended, m.started, m.requests, m.calls, m.crowded,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		always("build_info", "The running program; the value is always 1.", 1, prometheus.Labels{"version": version, "go_version": runtime.Version()}))
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

// always is a gauge that never changes.
func always(name, help string, value float64, labels prometheus.Labels) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help, ConstLabels: labels},
		func() float64 { return value })
}
