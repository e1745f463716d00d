//go:build integration && linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"webapp/internal/test/browsertest"
)

// shared is used by all tests. TestMain sets it.
var shared struct {
	binary string
}

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "cluster-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if shared.binary, err = browsertest.Build(context.Background(), dir); err != nil {
		return 1, err
	}
	return m.Run(), nil
}
