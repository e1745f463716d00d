package postgres

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func TestAMalformedURLIsRefusedAndNotRepeated(t *testing.T) {
	for name, dsn := range map[string]string{
		"empty":                     "",
		"no URL":                    "host=db password=hunter2secret",
		"another scheme":            "mysql://u:hunter2secret@db/app",
		"a port that is none":       "postgres://u:hunter2secret@db:port/app",
		"a slash in the password":   "postgres://u:hunter2/secret@db/app",
		"a percent in the password": "postgres://u:hunter2%secret@db/app",
		"a colon too many":          "postgres://u:x@hunter2secret:5432:1/app",
		"an unknown sslmode":        "postgres://u:hunter2secret@db/app?sslmode=hunter2secret",
		"a number that is none":     "postgres://u:hunter2secret@db/app?pool_max_conns=hunter2secret",
		"an @ in the password":      "postgres://u:hunter2@secret@db/app",
		"an @ in the user":          "postgres://u@hunter2:secret@db/app",
		"an @ in a parameter":       "postgres://u@db/app?password=hunter2@secret",
		"a slash, and no database":  "postgres://u:hunter2/secret@db",
		"a question mark":           "postgres://u:hunter2?secret@db/app",
		"a number sign":             "postgres://u:hunter2#secret@db/app",
		"a number sign at the end":  "postgres://u:x@db/app#hunter2",
		"a percent sign at the end": "postgres://u:hunter2%@db/app",
		"a blank":                   "postgres://u:hunter2 secret@db/app",
		"a mode given twice":        "postgres://u:hunter2@db/app?sslmode=verify-full&sslmode=disable",
		"a semicolon":               "postgres://u:hunter2@db/app?sslmode=verify-full;application_name=x",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), dsn, time.Now)
			require.ErrorContains(t, err, "postgres: the URL is malformed: it has the form")
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestAnUnreadableCertificateIsReported(t *testing.T) {
	_, err := Open(t.Context(), "postgres://u:hunter2@db/app?sslmode=verify-full&sslrootcert=/nowhere/ca.pem", time.Now)
	require.ErrorContains(t, err, "a file cannot be read that sslrootcert, sslcert or sslkey names: no such file or directory")
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "nowhere")
}

// TestEncodedCharactersAreDecoded reads the correct forms of refused URLs.
func TestEncodedCharactersAreDecoded(t *testing.T) {
	config, err := configure("postgres://a%40b:%2F%3F%23%40%25%20:+@db1:5433,db2/app?sslmode=disable")
	require.NoError(t, err)
	require.Equal(t, "a@b", config.ConnConfig.User)
	require.Equal(t, "/?#@% :+", config.ConnConfig.Password)
	require.Equal(t, "db1", config.ConnConfig.Host)
	require.Equal(t, "db2", config.ConnConfig.Fallbacks[0].Host)
}

// A connection is safe if nobody on the network can read or change it.
func TestTheModeOfTLS(t *testing.T) {
	for _, c := range []struct {
		dsn, environment string
		warns            string
		verifies         bool // every attempt on another machine checks the certificate and its name
	}{
		{dsn: "postgres://u:p@db.example/app", verifies: true},
		{dsn: "postgres://u:p@db.example", verifies: true},
		{dsn: "postgres://u:p@db.example/app?pool_max_conns=3", verifies: true},
		{dsn: "postgres://u:p@db.example/app?sslmode=", verifies: true},
		{dsn: "postgres://u:p@10.0.0.1,db.example/app", verifies: true},
		{dsn: "postgres://u:p@localhost,db.example/app", verifies: true},
		{dsn: "postgres://u:p@localhost/app?host=db.example", verifies: true},
		{dsn: "postgres:///app", environment: "PGHOST=db.example", verifies: true},
		{dsn: "postgres://u:p@db.example/app", environment: "PGSSLMODE=disable", verifies: true},
		{dsn: "postgres://u:p@localhost.db.example/app", verifies: true},
		{dsn: "postgres://u:p@db.example/app?sslmode=verify-full", verifies: true},
		{dsn: "postgres://u:p@db.example/app?sslmode=verify-ca"},
		{dsn: "postgres://u:p@db.example/app?sslmode=require", warns: "sslmode require"},
		{dsn: "postgres://u:p@db.example/app?ssl=true", warns: "sslmode require"},
		{dsn: "postgres://u:p@db.example/app?sslmode=prefer", warns: "without TLS"},
		{dsn: "postgres://u:p@db.example/app?sslmode=allow", warns: "without TLS"},
		{dsn: "postgres://u:p@db.example/app?sslmode=disable", warns: "without TLS"},
		{dsn: "postgres://u:p@localhost,db.example/app?sslmode=disable", warns: "without TLS"},
		{dsn: "postgres://u:p@localhost/app?host=db.example&sslmode=prefer", warns: "without TLS"},
		{dsn: "postgres://u:p@localhost/app"},
		{dsn: "postgres://u:p@127.0.0.1:5433/app"},
		{dsn: "postgres://u:p@[::1]/app"},
		{dsn: "postgres://u:p@/app?host=/run/postgresql"},
		{dsn: "postgres://u:p@db.example/app?host=/run/postgresql"},
	} {
		t.Run(c.dsn+" "+c.environment, func(t *testing.T) {
			if name, value, ok := strings.Cut(c.environment, "="); ok {
				t.Setenv(name, value)
			}
			config, err := configure(c.dsn)
			require.NoError(t, err)
			if c.verifies {
				for _, a := range attempts(config.ConnConfig) {
					require.NotNil(t, a.TLSConfig)
					require.False(t, a.TLSConfig.InsecureSkipVerify)
					require.Equal(t, a.Host, a.TLSConfig.ServerName)
				}
			}
			wrong, remedy := Warn(c.dsn)
			require.Equal(t, c.warns != "", wrong != "")
			require.Equal(t, c.warns != "", remedy != "")
			require.Contains(t, wrong, c.warns)
			require.NotContains(t, wrong+remedy, "db.example")
		})
	}
}

// elsewhere connects every host name to the listener, so that it seems to be on
// another machine.
func elsewhere(config *pgxpool.Config, addr string) {
	config.ConnConfig.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil }
	config.ConnConfig.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
}

// TestTLSCannotBeStripped has an attacker on the network, who says that the server has
// no TLS and asks for the password in clear text.
func TestTLSCannotBeStripped(t *testing.T) {
	stripper := func() (addr string, heard func() string) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		var mu sync.Mutex
		var all []byte
		var conns sync.WaitGroup
		conns.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conns.Go(func() {
					defer conn.Close()
					message := make([]byte, 1024)
					for n, err := conn.Read(message); err == nil; n, err = conn.Read(message) {
						mu.Lock()
						all = append(all, message[:n]...)
						mu.Unlock()
						if message[0] == 'p' {
							return // the password
						}
						answer := []byte{'R', 0, 0, 0, 8, 0, 0, 0, 3} // the password in clear text, please
						if n == 8 {
							answer = []byte("N") // no TLS here
						}
						_, _ = conn.Write(answer)
					}
				})
			}
		})
		t.Cleanup(func() { l.Close(); conns.Wait() })
		return l.Addr().String(), func() string { mu.Lock(); defer mu.Unlock(); return string(all) }
	}
	ask := func(parameters string) (string, error) {
		addr, heard := stripper()
		config, err := configure("postgres://app:hunter2@db.example/app" + parameters)
		require.NoError(t, err)
		elsewhere(config, addr)
		s, err := start(t.Context(), config, time.Now, nil)
		require.NoError(t, err)
		_, err = s.Find(t.Context(), "k")
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.NoError(t, s.Close())
		return heard(), err
	}
	heard, err := ask("")
	require.ErrorContains(t, err, "the server does not offer TLS")
	require.NotContains(t, heard, "hunter2")
	require.NotContains(t, heard, "app")

	heard, _ = ask("?sslmode=prefer")
	require.Contains(t, heard, "hunter2", "the one on the way would have taken it")
}

// No PostgreSQL server responds at these addresses.
func TestErrorsQuoteNothingOfTheAddress(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, port, err := net.SplitHostPort(closed.Addr().String())
	require.NoError(t, err)
	for dsn, says := range map[string]string{
		"postgres://usersecret:hunter2@127.0.0.1:" + port + "/datasecret":                        "cannot connect: connection refused",
		"postgres://usersecret:hunter2@127.0.0.1:" + port + ",localhost:" + port + "/datasecret": "cannot connect: connection refused",
		"postgres://usersecret:hunter2@secret.invalid/datasecret":                                "host name",
		"postgres://usersecret:hunter2@/datasecret?host=/nowhere/secret":                         "cannot connect: no such file or directory",
	} {
		s, err := Open(t.Context(), dsn, time.Now)
		require.NoError(t, err)
		_, err = s.Find(t.Context(), "k")
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.ErrorContains(t, err, says)
		for _, piece := range []string{"secret", "hunter2", "127.0.0.1", port, "localhost"} {
			require.NotContains(t, err.Error(), piece)
		}
		require.NoError(t, s.Close())
	}
}

func TestErrorsOfTheServerHaveFixedTexts(t *testing.T) {
	for state, says := range map[string]string{
		"28P01": "refuses the user name or password (SQLSTATE 28P01)",
		"3D000": "no database with that name",
		"XX000": "returns an error (SQLSTATE XX000)",
		"":      "returns an error",
		"DROP ": "returns an error",
	} {
		got := reason(fmt.Errorf("hunter2: %w", &pgconn.PgError{Code: state, Message: "hunter2"}))
		require.Contains(t, got, says)
		require.NotContains(t, got, "hunter2")
		require.NotContains(t, got, "DROP")
	}
}

func TestConnectionsAndTimesAreBounded(t *testing.T) {
	config, err := configure("postgres://u:p@db/app")
	require.NoError(t, err)
	require.GreaterOrEqual(t, config.MaxConns, int32(8))
	require.LessOrEqual(t, config.MaxConns, int32(24))
	require.Equal(t, connectLimit, config.ConnConfig.ConnectTimeout)

	config, err = configure("postgresql://u:p@db/app?pool_max_conns=3&connect_timeout=1&application_name=x")
	require.NoError(t, err)
	require.Equal(t, int32(3), config.MaxConns)
	require.Equal(t, time.Second, config.ConnConfig.ConnectTimeout)
	require.Equal(t, "x", config.ConnConfig.RuntimeParams["application_name"])

	config, err = configure("postgresql://u:p@db/app?pool_max_conns=100000&connect_timeout=600")
	require.NoError(t, err)
	require.Equal(t, int32(maxConns), config.MaxConns)
	require.Equal(t, connectLimit, config.ConnConfig.ConnectTimeout)
}

// The server accepts connections and never responds.
func TestASilentServerIsUnavailableInTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	s, err := Open(t.Context(), "postgres://u:hunter2secret@"+l.Addr().String()+"/app?sslmode=disable", time.Now)
	require.NoError(t, err, "a server that is down is no error of the start")
	began := time.Now()
	_, err = s.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.NotContains(t, err.Error(), "hunter2")
	require.ErrorIs(t, s.Ready(t.Context()), ports.ErrStoreUnavailable)
	require.Less(t, time.Since(began), 2*callLimit+2*time.Second)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err = s.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
}
