//go:build integration

package journeys

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"webapp/internal/test/browsertest"
)

// peers is the folder of the npm packages oidc-provider and axe-core.
const peers = "testdata/oidc-provider"

// suite has what all tests share: the binary, the browser, and a signing key for
// providers, because generating one takes time.
type suite struct {
	binary  string
	browser *browsertest.Browser
	axe     *browsertest.Axe
	key     *rsa.PrivateKey
}

// shared is set by TestMain.
var shared suite

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "journeys:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "journeys-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if shared.binary, err = browsertest.Build(context.Background(), dir); err != nil {
		return 1, err
	}
	if shared.axe, err = browsertest.LoadAxe(filepath.Join(peers, "node_modules", "axe-core", "axe.min.js")); err != nil {
		return 1, err
	}
	if shared.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return 1, err
	}
	if shared.browser, err = browsertest.Launch(filepath.Join(dir, "chromium")); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.browser.Close()) }()
	return m.Run(), nil
}
