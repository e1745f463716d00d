package observe

import (
	"context"
	"sync"
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
// metric is absent while it fails or takes too long; the rest of the scrape waits
// two seconds for it at most. Scrapes that come together share one count.
func (m *Metrics) WatchSessions(count func(context.Context) (int, error)) {
	shared := sharedCount{count: count}
	m.registry.MustRegister(newAsked("sessions_live", "Sessions that have neither ended nor run out, in the whole store; absent where the store cannot tell.",
		func() (float64, bool) {
			patience := time.NewTimer(countPatience)
			defer patience.Stop()
			c := shared.join()
			select {
			case <-c.done:
				return float64(c.n), c.err == nil
			case <-patience.C:
				return 0, false
			}
		}))
}

// sharedCount makes one count at a time, which outlives those who no longer
// wait for it: a store that hangs holds one goroutine and not one a scrape.
type sharedCount struct {
	count func(context.Context) (int, error)

	mu      sync.Mutex
	current *counted
}

// counted is one count; n and err are there once done is closed.
type counted struct {
	done chan struct{}
	n    int
	err  error
}

// join returns the count that is being made, or a new one.
func (s *sharedCount) join() *counted {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		s.current = &counted{done: make(chan struct{})}
		go s.make(s.current)
	}
	return s.current
}

func (s *sharedCount) make(c *counted) {
	ctx, cancel := context.WithTimeout(context.Background(), countPatience)
	defer cancel()
	c.n, c.err = s.count(ctx)
	s.mu.Lock()
	s.current = nil
	s.mu.Unlock()
	close(c.done)
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
