// Package cluster tests several instances of the built binary behind a load
// balancer, with one shared session store. Instances and the store are killed,
// stopped and restarted while people use the application.
//
//	go test -tags integration ./internal/e2e/cluster/...
//
// The stores are real servers (see package servertest), and the provider is fakeidp.
// To test another store, add a line to the variable stores.
//
// The tests need redis-server and postgresql. Without them the tests fail and are
// not skipped.
package cluster
