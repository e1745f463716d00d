// Package cluster holds what several instances of the application do together,
// as tests of the built binary: processes behind a load balancer that share one
// session store, of which some are killed, stopped and started again while
// people use them, and whose store goes away and comes back.
//
//	go test -tags integration ./internal/e2e/cluster/...
//
// The stores are the real ones (see package servertest), the provider is
// fakeidp, and the load balancer is a reverse proxy that gives each request to
// the next instance. A store is added by a line in stores.
//
// They need redis-server and postgresql. Where one is missing, the tests fail;
// none is skipped.
package cluster
