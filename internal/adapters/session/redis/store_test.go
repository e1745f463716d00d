//go:build integration && linux

package redis

import (
	"testing"

	"webapp/internal/ports/portstest"
)

func TestStoreOnOneServer(t *testing.T) {
	_, s := single(t)
	portstest.SessionStore(t, func(t *testing.T) portstest.StoreHarness { return s.harness(t) })
}

func TestStoreOnACluster(t *testing.T) {
	s := cluster(t)
	portstest.SessionStore(t, func(t *testing.T) portstest.StoreHarness { return s.harness(t) })
}
