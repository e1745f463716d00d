//go:build integration && linux

package redis

import (
	"testing"

	"webapp/internal/ports/portstest"
)

func TestStoreOnOneServer(t *testing.T) {
	_, s := single(t)
	newHarness := func(t *testing.T) portstest.StoreHarness { return s.harness(t) }
	portstest.SessionStore(t, newHarness)
	portstest.SessionStoreModel(t, newHarness)
}

func TestStoreOnACluster(t *testing.T) {
	s := cluster(t)
	newHarness := func(t *testing.T) portstest.StoreHarness { return s.harness(t) }
	portstest.SessionStore(t, newHarness)
	portstest.SessionStoreModel(t, newHarness)
}
