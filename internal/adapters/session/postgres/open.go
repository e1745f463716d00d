package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"webapp/internal/adapters/session/remote"
)

const (
	// callLimit is the time limit of every method: the wait for a connection,
	// connecting and the statement. Then the statement is cancelled.
	callLimit = 3 * time.Second
	// connectLimit is the time limit for connecting.
	connectLimit = 2 * time.Second
	// closeLimit is the time limit of Close. pgx allows fifteen seconds for each
	// connection, longer than a program may take to stop.
	closeLimit = 2 * time.Second
	// maxConns is the largest value of pool_max_conns in the URL.
	maxConns = 200
)

// Open returns a store in the database of a URL such as
// postgres://user:password@host:5432/database?sslmode=verify-full. The format is at
// https://www.postgresql.org/docs/current/libpq-connect.html. The parameter
// pool_max_conns limits the connections. clock is the time by which records expire.
//
// For a server on another machine the default is sslmode=verify-full. With the
// default of pgx an attacker on the network could turn TLS off.
//
// Open does not connect, so it returns an error only for a malformed URL, and the
// error does not quote the URL. Until the server can be reached, methods return
// ports.ErrStoreUnavailable.
func Open(ctx context.Context, dsn string, clock func() time.Time) (*Store, error) {
	sweeps := time.NewTicker(sweepEvery)
	s, err := open(ctx, dsn, clock, sweeps.C)
	if err != nil {
		sweeps.Stop()
		return nil, err
	}
	s.stopTicks = sweeps.Stop
	return s, nil
}

// open is Open with a channel for the background sweep.
func open(ctx context.Context, dsn string, clock func() time.Time, sweeps <-chan time.Time) (*Store, error) {
	config, err := configure(dsn)
	if err != nil {
		return nil, err
	}
	return start(ctx, config, clock, sweeps)
}

func start(ctx context.Context, config *pgxpool.Config, clock func() time.Time, sweeps <-chan time.Time) (*Store, error) {
	// The pool lives longer than ctx.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	pool, err := pgxpool.NewWithConfig(life, config)
	if err != nil {
		end()
		return nil, errMalformed
	}
	s := &Store{
		pool: pool, now: clock, life: life, end: end,
		swept: make(chan struct{}), stopTicks: func() {},
	}
	go s.sweepAt(sweeps)
	return s, nil
}

// errMalformed has no cause. The error of a parser can quote a part of the password,
// for example as a port.
var errMalformed = errors.New("postgres: the URL is malformed: it has the form " +
	"postgres://user:password@host:5432/database?sslmode=verify-full, where / ? # @ % in the user and the password " +
	"are written as %2F %3F %23 %40 %25, and each parameter is given once")

// configure reads the URL and adds the limits.
func configure(dsn string) (*pgxpool.Config, error) {
	parameters, err := readParameters(dsn)
	if err != nil {
		return nil, err
	}
	config, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	namesMode := parameters.Get("sslmode") != "" || parameters.Get("ssl") == "true"
	if !namesMode && leavesMachine(config.ConnConfig) {
		if config, err = parse(withParameter(dsn, "sslmode=verify-full")); err != nil {
			return nil, err
		}
	}
	if !parameters.Has("pool_max_conns") {
		config.MaxConns = int32(min(max(4*runtime.GOMAXPROCS(0), 8), 24))
	}
	config.MaxConns = min(config.MaxConns, maxConns)
	config.MinConns = 0
	config.PingTimeout = connectLimit
	connecting := &config.ConnConfig.Config
	if connecting.ConnectTimeout <= 0 || connecting.ConnectTimeout > connectLimit {
		connecting.ConnectTimeout = connectLimit
	}
	if strings.TrimSpace(connecting.RuntimeParams["application_name"]) == "" {
		connecting.RuntimeParams["application_name"] = "webapp"
	}
	return config, nil
}

// readParameters returns the parameters after the question mark. It refuses URLs that
// two parsers can read differently. For example, pgx ends the password at the first @
// and net/url at the last one. A part of the password would become a host name and be
// looked up in the DNS.
func readParameters(dsn string) (url.Values, error) {
	scheme, rest, _ := strings.Cut(dsn, "://")
	if scheme != "postgres" && scheme != "postgresql" {
		return nil, errMalformed
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.Count(authority, "@") > 1 || strings.ContainsAny(tail, "@#") {
		return nil, errMalformed
	}
	_, query, _ := strings.Cut(tail, "?")
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return nil, errMalformed
	}
	for _, values := range parameters {
		if len(values) > 1 {
			return nil, errMalformed
		}
	}
	return parameters, nil
}

// parse lets pgx read the URL and PostgreSQL's own environment variables.
func parse(dsn string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if unreadable := (*fs.PathError)(nil); errors.As(err, &unreadable) {
		return nil, fmt.Errorf("postgres: a file cannot be read that sslrootcert, sslcert or sslkey names: %w", unreadable.Err)
	}
	if err != nil {
		return nil, errMalformed
	}
	return config, nil
}

// withParameter adds a parameter to a URL that has no fragment.
func withParameter(dsn, parameter string) string {
	if strings.Contains(dsn, "?") {
		return dsn + "&" + parameter
	}
	return dsn + "?" + parameter
}

// leavesMachine reports whether any host is on another machine. Hosts can also come
// from the parameter host and from PGHOST.
func leavesMachine(config *pgx.ConnConfig) bool {
	return slices.ContainsFunc(attempts(config), func(a *pgconn.FallbackConfig) bool { return !remote.ThisMachine(a.Host) })
}

// attempts returns the connections that pgx tries one after the other: each host,
// with TLS, and without if sslmode allows both.
func attempts(config *pgx.ConnConfig) []*pgconn.FallbackConfig {
	first := &pgconn.FallbackConfig{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}
	return append([]*pgconn.FallbackConfig{first}, config.Fallbacks...)
}

// Warn returns why the connection to the server of dsn is not safe, and what to write
// instead. It returns empty texts if the URL is safe or malformed. Only a URL that
// names an sslmode can be unsafe; see Open.
func Warn(dsn string) (wrong, remedy string) {
	config, err := configure(dsn)
	if err != nil {
		return "", ""
	}
	const write = "Write sslmode=verify-full, and sslrootcert=FILE where the system does not know the certificate's authority."
	for _, a := range attempts(config.ConnConfig) {
		switch {
		case remote.ThisMachine(a.Host):
		case a.TLSConfig == nil:
			return "lets PostgreSQL on another machine be reached without TLS (sslmode disable, allow or prefer): " +
				"whoever is on the way can read the password", write
		case a.TLSConfig.InsecureSkipVerify && a.TLSConfig.VerifyPeerCertificate == nil:
			wrong = "does not check the certificate of PostgreSQL on another machine (sslmode require): " +
				"whoever is on the way can pose as the server"
			remedy = write
		}
	}
	return wrong, remedy
}
