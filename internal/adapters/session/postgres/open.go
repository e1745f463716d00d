package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// callLimit bounds every method: the wait for a connection, making one and
	// the statement. A statement that is given up is cancelled on the server.
	callLimit = 3 * time.Second
	// connectLimit bounds the making of one connection.
	connectLimit = 2 * time.Second
	// closeLimit bounds the farewell to the server, for which pgx allows each
	// connection fifteen seconds: longer than a program may take to stop.
	closeLimit = 2 * time.Second
	// maxConns bounds what pool_max_conns of the URL may ask for.
	maxConns = 200
)

// Open returns a store in the database that dsn names, a URL such as
// postgres://user:password@host:5432/database?sslmode=verify-full, see
// https://www.postgresql.org/docs/current/libpq-connect.html; pool_max_conns
// in it bounds the connections. clock tells the time by which records expire.
//
// The error says that the URL is malformed, and never repeats it. A server that
// cannot be reached is no error here: the store connects when it is used, and
// returns ports.ErrStoreUnavailable until it can.
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

// open is Open with the beat of the background sweep.
func open(ctx context.Context, dsn string, clock func() time.Time, sweeps <-chan time.Time) (*Store, error) {
	config, err := configure(dsn)
	if err != nil {
		return nil, err
	}
	// The pool outlives ctx, which is that of the start.
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

// errMalformed has no cause, because that may quote a part of the password as
// what it took for a port or a host.
var errMalformed = errors.New("postgres: the URL is malformed: it has the form " +
	"postgres://user:password@host:5432/database?sslmode=verify-full, " +
	"where reserved characters of the user and the password are percent-encoded")

// configure reads the URL and adds the limits.
func configure(dsn string) (*pgxpool.Config, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errMalformed
	}
	config, err := pgxpool.ParseConfig(dsn)
	if unreadable := (*fs.PathError)(nil); errors.As(err, &unreadable) {
		return nil, fmt.Errorf("postgres: a file that the URL or the environment names cannot be read: %w", unreadable)
	}
	if err != nil {
		return nil, errMalformed
	}
	if !u.Query().Has("pool_max_conns") {
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
