//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/logtest"
	"webapp/internal/test/rsakeys"
)

func encodedKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// renamedInto replaces a file by renaming, as docs/deployment.md says.
func renamedInto(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// The program uses new session keys within five seconds, and ignores bad ones.
// internal/e2e/cluster tests several instances.
func TestTheProgramReadsItsSessionKeysAgain(t *testing.T) {
	t.Parallel()
	idp, err := fakeidp.New(fakeidp.Config{NewKey: rsakeys.Sequence()})
	require.NoError(t, err)
	_, err = idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = idp.Close() })
	keys, before, next := filepath.Join(t.TempDir(), "keys"), encodedKey(), encodedKey()
	renamedInto(t, keys, before)
	origin := "http://localhost:" + port(closedAddress(t))
	cmd := program(t, nil, "AUTHORITY="+idp.Authority(fakeidp.ContosoTenantID), "CLIENT_ID="+fakeidp.DefaultClientID,
		"CLIENT_SECRET="+fakeidp.DefaultClientSecret, "LISTEN_ADDR=localhost:"+port(origin), "REDIRECT_URI="+origin+"/getAToken",
		"SESSION_STORE_FILE="+inFile(t, []byte("sqlite:sessions.db\n")), "SESSION_KEY_FILE="+keys)
	logs := &logtest.Buffer{}
	cmd.Stdout, cmd.Stderr = logs, logs
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		assert.NoError(t, cmd.Wait())
		for _, key := range []string{before, next} {
			assert.NotContains(t, logs.String(), key)
		}
	})
	require.Eventually(t, func() bool { return strings.Contains(logs.String(), "is ready") }, 10*time.Second, time.Millisecond)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	status := func(target string) (int, string) {
		res, err := client.Get(target)
		require.NoError(t, err)
		_ = res.Body.Close()
		return res.StatusCode, res.Header.Get("Location")
	}
	_, location := status(origin + "/login")
	answer, err := idp.Authorize(location, fakeidp.UserMember)
	require.NoError(t, err)
	renamedInto(t, keys, before+"\n"+next+"\n")
	const counts = 5 * time.Second
	require.Eventually(t, func() bool { return strings.Contains(logs.String(), "the new one is in use") }, counts, 10*time.Millisecond, logs.String())
	got, _ := status(answer.URL())
	require.Equal(t, http.StatusSeeOther, got, "a sign-in that began before the change")
	got, _ = status(origin + "/sessions")
	require.Equal(t, http.StatusOK, got)

	renamedInto(t, keys, next+"\nnonsense\n")
	require.Eventually(t, func() bool { return strings.Contains(logs.String(), "the previous one stays in use") }, counts, 10*time.Millisecond)
	got, _ = status(origin + "/sessions")
	require.Equal(t, http.StatusOK, got, "with one bad key, the other keys of the new version do not count either")

	renamedInto(t, keys, next)
	require.Eventually(t, func() bool { got, _ := status(origin + "/sessions"); return got == http.StatusUnauthorized }, counts, 100*time.Millisecond,
		"the session began under the key that is removed")
}

func TestSessionKeysAreReplacedOnceForEachVersion(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	versions := [][][]byte{{[]byte("one")}, {[]byte("one")}, {[]byte("one"), []byte("two")}, {[]byte("one"), []byte("two")}, {[]byte("two")}}
	read := func(context.Context) [][]byte {
		keys := versions[0]
		if versions = versions[1:]; len(versions) == 0 {
			stop()
		}
		return keys
	}
	var used []int
	use := func(keys [][]byte) error {
		used = append(used, len(keys))
		return errors.New("cannot be derived")
	}
	tick, logs := make(chan time.Time, len(versions)), &logtest.Buffer{}
	for range versions[1:] {
		tick <- time.Time{}
	}
	watchSessionKeys(ctx, read, [][]byte{[]byte("one")}, use, tick, slog.New(slog.NewTextHandler(logs, nil)))
	assert.Equal(t, []int{2, 1}, used)
	assert.Equal(t, 2, strings.Count(logs.String(), "level=ERROR"))
}
