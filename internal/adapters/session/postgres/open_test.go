package postgres

import (
	"net"
	"testing"
	"time"

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
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), dsn, time.Now)
			require.ErrorContains(t, err, "postgres: the URL is malformed: it has the form")
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestAnUnreadableCertificateIsNamed(t *testing.T) {
	_, err := Open(t.Context(), "postgres://u:hunter2@db/app?sslmode=verify-full&sslrootcert=/nowhere/ca.pem", time.Now)
	require.ErrorContains(t, err, "/nowhere/ca.pem")
	require.NotContains(t, err.Error(), "hunter2")
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

// A server that takes connections and never says a word is the worst outage.
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
