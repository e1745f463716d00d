package observe

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// countPatience limits how long a scrape waits for the number of sessions.
const countPatience = 2 * time.Second

// WatchCredential adds a metric of the time when the application's credential at
// the provider expires. It is absent while expiry returns false.
func (m *Metrics) WatchCredential(expiry func() (time.Time, bool)) {
	m.registry.MustRegister(newScrapedGauge("credential_expiry_timestamp_seconds",
		"When the application's credential at the provider expires, in Unix time; absent if that is not known or if the credential renews itself.",
		func() (float64, bool) {
			at, known := expiry()
			return float64(at.Unix()), known
		}))
}

// WatchSessions adds a metric of the number of live sessions, which count returns.
// It is absent if count fails or takes longer than two seconds. Concurrent scrapes
// share one call of count.
func (m *Metrics) WatchSessions(count func(context.Context) (int, error)) {
	shared := sharedCount{count: count}
	m.registry.MustRegister(newScrapedGauge("sessions_live", "Sessions in the store that have neither ended nor expired; absent if the store cannot tell.",
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

// sharedCount makes at most one call of count at a time. The call goes on when a
// scrape stops waiting, so a store that hangs takes one goroutine and not one for
// each scrape.
type sharedCount struct {
	count func(context.Context) (int, error)

	mu      sync.Mutex
	current *countCall
}

// countCall is one call of count. n and err are set before done is closed.
type countCall struct {
	done chan struct{}
	n    int
	err  error
}

// join returns the running call, or starts one.
func (s *sharedCount) join() *countCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		s.current = &countCall{done: make(chan struct{})}
		go s.run(s.current)
	}
	return s.current
}

func (s *sharedCount) run(c *countCall) {
	ctx, cancel := context.WithTimeout(context.Background(), countPatience)
	defer cancel()
	c.n, c.err = s.count(ctx)
	s.mu.Lock()
	s.current = nil
	s.mu.Unlock()
	close(c.done)
}

// scrapedGauge is a gauge whose value is read at each scrape. It is absent if value
// returns false. With NaN instead, an alert would not fire.
type scrapedGauge struct {
	desc  *prometheus.Desc
	value func() (float64, bool)
}

func newScrapedGauge(name, help string, value func() (float64, bool)) scrapedGauge {
	return scrapedGauge{prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, nil, nil), value}
}

// Describe implements prometheus.Collector.
func (g scrapedGauge) Describe(to chan<- *prometheus.Desc) { to <- g.desc }

// Collect implements prometheus.Collector.
func (g scrapedGauge) Collect(to chan<- prometheus.Metric) {
	if value, ok := g.value(); ok {
		to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value)
	}
}
