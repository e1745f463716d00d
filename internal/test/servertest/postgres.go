//go:build linux

package servertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// PostgresPassword is the password of the superuser of a PostgreSQL. It is an
// unlikely word, so that a test can look for it where it must not be.
const PostgresPassword = "pw-3c1e07f2b9-secret"

// PostgreSQL is a running server with the superuser "postgres", who needs
// PostgresPassword.
type PostgreSQL struct {
	process
	// Addr is host and port.
	Addr string

	bin       string
	databases int
}

// StartPostgreSQL starts a new, empty PostgreSQL. Where the test runs as root,
// the server runs as the user postgres, because it refuses to be root.
func StartPostgreSQL(t testing.TB) *PostgreSQL { t.Helper(); return startPostgreSQL(t, "", "") }

// StartPostgreSQLTLS is StartPostgreSQL with TLS, which it offers and does not
// demand, with the certificate and key of two PEM files.
func StartPostgreSQLTLS(t testing.TB, cert, key string) *PostgreSQL {
	t.Helper()
	return startPostgreSQL(t, cert, key)
}

func startPostgreSQL(t testing.TB, cert, key string) *PostgreSQL {
	t.Helper()
	initdb := binary(t, "initdb", "postgresql", "/usr/lib/postgresql/*/bin/initdb")
	if target, err := filepath.EvalSymlinks(initdb); err == nil {
		initdb = target
	}
	p := &PostgreSQL{bin: filepath.Dir(initdb)}
	p.process = process{
		t: t, name: "PostgreSQL", user: unprivileged(t),
		ready: "database system is ready to accept connections",
	}
	data := p.initialise()
	var tls []string
	if cert != "" {
		tls = []string{"-c", "ssl=on", "-c", "ssl_cert_file=" + p.copied(cert), "-c", "ssl_key_file=" + p.copied(key)}
	}
	p.startAnywhere(1, func(free []int) {
		p.Addr = loopback(free[0])
		p.argv = append([]string{
			p.binary("postgres"), "-D", data, "-p", strconv.Itoa(free[0]),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			// A killed process loses nothing without fsync, only a power cut does.
			"-c", "fsync=off", "-c", "logging_collector=off",
		}, tls...)
	})
	return p
}

// initialise makes the data directory and returns it.
func (p *PostgreSQL) initialise() string {
	p.t.Helper()
	dir := tempDir(p.t)
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(PostgresPassword), 0o600); err != nil {
		p.t.Fatalf("prepare PostgreSQL: %v", err)
	}
	p.give(dir, password)
	data := filepath.Join(dir, "data")
	p.run(p.binary("initdb"), "-D", data, "-U", "postgres", "-A", "scram-sha-256",
		"--pwfile", password, "--encoding=UTF8", "--locale=C", "--no-sync")
	return data
}

// copied returns a copy of a file that the server alone may read, as it wants a
// key to be.
func (p *PostgreSQL) copied(file string) string {
	p.t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatalf("prepare PostgreSQL: %v", err)
	}
	dir := tempDir(p.t)
	path := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		p.t.Fatalf("prepare PostgreSQL: %v", err)
	}
	p.give(dir, path)
	return path
}

// give makes files the server's own.
func (p *PostgreSQL) give(paths ...string) {
	p.t.Helper()
	if p.user == nil {
		return
	}
	for _, path := range paths {
		if err := os.Chown(path, int(p.user.Uid), int(p.user.Gid)); err != nil {
			p.t.Fatalf("prepare PostgreSQL: %v", err)
		}
	}
}

// NewDatabase makes an empty database and returns its URL, password included.
func (p *PostgreSQL) NewDatabase() string {
	p.t.Helper()
	p.databases++
	name := fmt.Sprintf("test%d", p.databases)
	p.run(p.binary("psql"), "-q", "-X", "-c", "CREATE DATABASE "+name, p.URL("postgres"))
	return p.URL(name)
}

// URL returns the URL of a database, password included.
func (p *PostgreSQL) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", PostgresPassword),
		Host: p.Addr, Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Kill ends the server and all its backends by SIGKILL. Killing it twice is no
// error.
func (p *PostgreSQL) Kill() { p.t.Helper(); p.kill() }

// Restart starts the server again on the same port and data, and returns when
// it accepts connections. One that runs is killed first.
func (p *PostgreSQL) Restart() { p.t.Helper(); p.restart() }

// Pause stops the server without ending it, as a machine that hangs does:
// connections stay open and are not answered.
func (p *PostgreSQL) Pause() { p.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (p *PostgreSQL) Resume() { p.signal(syscall.SIGCONT) }

func (p *PostgreSQL) binary(name string) string { return filepath.Join(p.bin, name) }

// run runs one of PostgreSQL's tools to its end.
func (p *PostgreSQL) run(name string, args ...string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.user, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}

// unprivileged returns the user postgres for a test that runs as root.
func unprivileged(t testing.TB) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("PostgreSQL refuses to run as root, and there is no user postgres to run it as: %v. "+
			"Install it with: apt-get install postgresql", err)
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		t.Fatalf("the user postgres has the IDs %q and %q, which are no numbers", u.Uid, u.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
