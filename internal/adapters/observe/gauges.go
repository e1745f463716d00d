package observe

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// countPatience bounds how long one scrape waits for the number of sessions.
const countPatience = 2 * time.Second

// WatchCredential adds when the application's credential at the provider ends,
// as Unix time. The metric is absent while nobody knows.
func (m *Metrics) WatchCredential(expiry func() (time.Time, bool)) {
	m.registry.MustRegister(newAsked("credential_expiry_timestamp_seconds",
		"When the application's credential at the provider ends, in Unix time; absent where that is not known or it renews itself.",
		func() (float64, bool) {
			at, known := expiry()
			return float64(at.Unix()), known
		}))
}

// WatchSessions adds how many sessions are live, which count returns. The
// metric is absent while it fails.
func (m *Metrics) WatchSessions(count func(context.Context) (int, error)) {
	m.registry.MustRegister(newAsked("sessions_live", "Sessions that have neither ended nor run out, in the whole store.",
		func() (float64, bool) {
			ctx, cancel := context.WithTimeout(context.Background(), countPatience)
			defer cancel()
			n, err := count(ctx)
			return float64(n), err == nil
		}))
}

// asked is a gauge whose value is asked for by each scrape, and that is absent
// where there is none. A NaN in its place would be an alert's blind spot.
type asked struct {
	about *prometheus.Desc
	value func() (float64, bool)
}

func newAsked(name, help string, value func() (float64, bool)) asked {
	return asked{prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, nil, nil), value}
}

// Describe implements prometheus.Collector.
func (a asked) Describe(to chan<- *prometheus.Desc) { to <- a.about }

// Collect implements prometheus.Collector.
func (a asked) Collect(to chan<- prometheus.Metric) {
	if value, ok := a.value(); ok {
		to <- prometheus.MustNewConstMetric(a.about, prometheus.GaugeValue, value)
	}
}
