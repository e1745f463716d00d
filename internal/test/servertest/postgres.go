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

// PostgresPassword is the superuser's password. It is an unusual word, so that a
// test can search logs for it.
const PostgresPassword = "pw-3c1e07f2b9-secret"

// PostgreSQL is a server with the superuser "postgres" and PostgresPassword.
type PostgreSQL struct {
	process
	// Addr is host and port.
	Addr string

	bin       string
	databases int
}

// StartPostgreSQL starts a new, empty PostgreSQL. If the test runs as root, the
// server runs as the user postgres, because PostgreSQL refuses to run as root.
func StartPostgreSQL(t testing.TB) *PostgreSQL { t.Helper(); return startPostgreSQL(t, "", "") }

// StartPostgreSQLTLS is StartPostgreSQL with TLS. Clients may still connect without
// it. cert and key are PEM files.
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
			// Without fsync only a power failure loses data, not SIGKILL.
			"-c", "fsync=off", "-c", "logging_collector=off",
		}, tls...)
	})
	return p
}

// initialise creates the data directory and returns it.
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

// copied returns a copy of a file that only the server's user can read. PostgreSQL
// refuses other keys.
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

// give makes the server's user the owner of files.
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

// NewDatabase creates an empty database and returns its URL with the password.
func (p *PostgreSQL) NewDatabase() string {
	p.t.Helper()
	p.databases++
	name := fmt.Sprintf("test%d", p.databases)
	p.run(p.binary("psql"), "-q", "-X", "-c", "CREATE DATABASE "+name, p.URL("postgres"))
	return p.URL(name)
}

// URL returns the URL of a database with the password.
func (p *PostgreSQL) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", PostgresPassword),
		Host: p.Addr, Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Kill ends the server and its child processes with SIGKILL. It does nothing if the
// server is not running.
func (p *PostgreSQL) Kill() { p.t.Helper(); p.kill() }

// Restart kills the server if it is running and starts it on the same port with the
// same data. It returns when the server accepts connections.
func (p *PostgreSQL) Restart() { p.t.Helper(); p.restart() }

// Pause suspends the server, like a machine that hangs: connections stay open
// without a response.
func (p *PostgreSQL) Pause() { p.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (p *PostgreSQL) Resume() { p.signal(syscall.SIGCONT) }

func (p *PostgreSQL) binary(name string) string { return filepath.Join(p.bin, name) }

// run runs one of PostgreSQL's tools and waits for its end.
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

// unprivileged returns the user postgres if the test runs as root, otherwise nil.
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
		t.Fatalf("the IDs %q and %q of the user postgres are not numbers", u.Uid, u.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
