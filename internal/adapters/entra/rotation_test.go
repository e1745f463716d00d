package entra_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/ports"
	"webapp/internal/test/logtest"
	"webapp/internal/test/rsakeys"
)

// rotation is a credential that is replaced many times.
type rotation struct {
	path   string
	change func(*fakeidp.Config, *entra.Config)
	// version returns the content of the n-th version.
	version func(n int) []byte
	// accept makes the provider accept these versions and no others.
	accept func(w world, versions ...int)
	// torn means that half a version can be recognized.
	torn bool
}

func secretRotation(t *testing.T) rotation {
	secret := func(n int) string { return fmt.Sprintf("%s-%d", fakeidp.DefaultClientSecret, n) }
	path := tempFile(t, []byte(secret(0)+"\n"))
	return rotation{
		path:    path,
		change:  func(_ *fakeidp.Config, e *entra.Config) { e.Credential.SecretFile = path },
		version: func(n int) []byte { return []byte(secret(n) + "\n") },
		accept: func(w world, versions ...int) {
			client := fakeidp.DefaultClient()
			client.Secrets = nil
			for _, n := range versions {
				client.Secrets = append(client.Secrets, secret(n))
			}
			w.idp.AddClient(client)
		},
	}
}

func certificateRotation(t *testing.T) rotation {
	pairs := make([]pair, rotations+1)
	for i := range pairs {
		pairs[i] = certify(t, fmt.Sprint("webapp ", i), rsakeys.Key(i%3), nil, -time.Hour, year)
	}
	path := tempFile(t, pairs[0].pem(t))
	return rotation{
		path: path, torn: true,
		change:  func(_ *fakeidp.Config, e *entra.Config) { e.Credential.CertificateFile = path },
		version: func(n int) []byte { return pairs[n].pem(t) },
		accept: func(w world, versions ...int) {
			auth := clientauth.NewCertificates()
			for _, n := range versions {
				auth.Register(pairs[n].cert)
			}
			w.idp.AddClient(clientWith(auth))
		},
	}
}

func tokenRotation(t *testing.T) rotation {
	subjects := func(n int) string { return fmt.Sprint(clusterSubject, n) }
	cluster := tokenIssuer(t, 0)
	version := func(n int) []byte {
		token, err := cluster.Token(subjects(n), exchange, time.Hour)
		require.NoError(t, err)
		return []byte(token)
	}
	path := tempFile(t, version(0))
	return rotation{
		path: path, torn: true, version: version,
		change: func(_ *fakeidp.Config, e *entra.Config) { e.Credential.FederatedTokenFile = path },
		accept: func(w world, versions ...int) {
			var any anyOf
			for _, n := range versions {
				any = append(any, clientauth.NewFederated(clusterIssuer, subjects(n), exchange, cluster.Key()))
			}
			w.idp.AddClient(clientWith(any))
		},
	}
}

const (
	rotations = 6
	workers   = 3
)

// TestRotationUnderLoad replaces each kind of credential while people sign in. It
// removes the old credential as soon as nobody uses it. No sign-in fails.
func TestRotationUnderLoad(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not replace a file while the program reads it: whoever writes it has to try again")
	}
	for name, make := range map[string]func(*testing.T) rotation{
		"secret": secretRotation, "certificate": certificateRotation, "federated token": tokenRotation,
	} {
		t.Run(name, func(t *testing.T) {
			r := make(t)
			w := credentialWorld(t, nil, r.change)
			r.accept(w, 0)
			load := startLoad(t, w)
			for n := 1; n <= rotations; n++ {
				r.accept(w, n-1, n)
				if n%2 == 0 {
					replace(t, r.path, r.version(n))
				} else {
					r.writeSlowly(t, w, r.version(n))
				}
				load.wait(t, 2) // all that began with the old one have ended
				r.accept(w, n)
				load.wait(t, 1)
			}
			load.stop()
			assert.Zero(t, load.failed.Load())
			assert.GreaterOrEqual(t, load.total(), rotations*workers)
		})
	}
}

// writeSlowly truncates the file and writes it in two steps, with sign-ins in between.
func (r rotation) writeSlowly(t *testing.T, w world, data []byte) {
	t.Helper()
	file, err := os.OpenFile(r.path, os.O_WRONLY|os.O_TRUNC, 0)
	require.NoError(t, err)
	w.mustSignIn(t, fakeidp.UserMember)
	half := 0
	if r.torn {
		half = len(data) / 2
		_, err = file.Write(data[:half])
		require.NoError(t, err)
		w.mustSignIn(t, fakeidp.UserMember)
	}
	_, err = file.Write(data[half:])
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// load runs sign-ins without a pause.
type load struct {
	done    [workers]atomic.Int64
	failed  atomic.Int64
	stopped chan struct{}
	running sync.WaitGroup
}

func startLoad(t *testing.T, w world) *load {
	l := &load{stopped: make(chan struct{})}
	for i := range workers {
		l.running.Go(func() {
			for {
				select {
				case <-l.stopped:
					return
				default:
				}
				if err := signInQuietly(t, w); err != nil {
					l.failed.Add(1)
					t.Log(err)
				}
				l.done[i].Add(1)
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func signInQuietly(t *testing.T, w world) error {
	a, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState})
	if err != nil {
		return err
	}
	answer, err := w.idp.Authorize(a.URL, fakeidp.UserMember)
	if err != nil {
		return err
	}
	_, err = w.provider.Complete(t.Context(), callback(answer), a.Secret)
	return err
}

// wait returns when everybody has completed n more sign-ins.
func (l *load) wait(t *testing.T, n int64) {
	t.Helper()
	var before [workers]int64
	for i := range l.done {
		before[i] = l.done[i].Load()
	}
	require.Eventually(t, func() bool {
		for i := range l.done {
			if l.done[i].Load() < before[i]+n {
				return false
			}
		}
		return true
	}, 20*time.Second, time.Millisecond)
}

func (l *load) total() (sum int) {
	for i := range l.done {
		sum += int(l.done[i].Load())
	}
	return sum
}

func (l *load) stop() {
	select {
	case <-l.stopped:
	default:
		close(l.stopped)
	}
	l.running.Wait()
}

// TestBadNewVersionKeepsTheOld replaces the file by unusable ones and then by a good
// one.
func TestBadNewVersionKeepsTheOld(t *testing.T) {
	cert, next := goodPair(t, 0), goodPair(t, 1)
	early := certify(t, "early", rsakeys.Key(2), nil, time.Hour, year)
	for name, c := range map[string]struct {
		spoil func(path string)
		told  string
	}{
		"half of it":    {func(path string) { overwrite(t, path, next.pem(t)[:900]) }, "damaged or incomplete"},
		"emptied":       {func(path string) { overwrite(t, path, nil) }, "is empty"},
		"gone":          {func(path string) { require.NoError(t, os.Remove(path)) }, "does not exist"},
		"another's key": {func(path string) { replace(t, path, join(next.certPEM(), cert.keyPEM(t))) }, "belongs to none"},
		"too large":     {func(path string) { replace(t, path, bytes.Repeat([]byte("S3cret"), 1<<18)) }, "larger than"},
		"not valid yet": {func(path string) { replace(t, path, early.pem(t)) }, "not valid before"},
	} {
		t.Run(name, func(t *testing.T) {
			var log logtest.Buffer
			path := tempFile(t, cert.pem(t))
			auth := clientauth.NewCertificates(cert.cert)
			w := credentialWorld(t, auth, func(_ *fakeidp.Config, e *entra.Config) {
				e.Credential.CertificateFile, e.Logger = path, slog.New(slog.NewTextHandler(&log, nil))
			})
			c.spoil(path)
			for range 3 {
				w.mustSignIn(t, fakeidp.UserMember)
			}
			assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), "said once: %s", log.String())
			assert.Contains(t, log.String(), c.told)
			assert.NotContains(t, log.String(), "S3cret")
			assert.NotContains(t, log.String(), "MII")

			auth.Register(next.cert)
			auth.Remove(cert.cert)
			replace(t, path, next.pem(t))
			w.mustSignIn(t, fakeidp.UserMember)
			assert.Contains(t, log.String(), "the new one is in use")
		})
	}
}

// TestCertificateOfTomorrow checks that a new certificate is used only when it becomes
// valid.
func TestCertificateOfTomorrow(t *testing.T) {
	cert, early := goodPair(t, 0), certify(t, "early", rsakeys.Key(1), nil, time.Hour, year)
	path := tempFile(t, cert.pem(t))
	auth := clientauth.NewCertificates(cert.cert, early.cert)
	w := credentialWorld(t, auth, certificateFile(path))
	replace(t, path, early.pem(t))
	w.mustSignIn(t, fakeidp.UserMember)
	w.clock.Advance(time.Hour + time.Second)
	auth.Remove(cert.cert)
	w.mustSignIn(t, fakeidp.UserMember)
}

// TestRevokedAtOnce checks that a credential is not used after it was replaced.
func TestRevokedAtOnce(t *testing.T) {
	for name, make := range map[string]func(*testing.T) rotation{"secret": secretRotation, "certificate": certificateRotation, "federated token": tokenRotation} {
		t.Run(name, func(t *testing.T) {
			r := make(t)
			w := credentialWorld(t, nil, r.change)
			r.accept(w, 0)
			w.mustSignIn(t, fakeidp.UserMember)
			overwrite(t, r.path, r.version(1))
			r.accept(w, 1)
			w.mustSignIn(t, fakeidp.UserMember)
		})
	}
}
