package redis

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"webapp/internal/ports"
)

const (
	// operationLimit is the time limit of every method, including retries and the
	// wait for a free connection.
	operationLimit = 2 * time.Second
	// stepLimit is the time limit of each step: waiting for a connection,
	// dialling, writing and reading.
	stepLimit = time.Second
	// idleLimit is how long an unused connection stays open. Firewalls on the way
	// may forget older ones.
	idleLimit = 4 * time.Minute
)

// Store implements ports.SessionStore. It is safe for concurrent use.
type Store struct {
	client  redis.UniversalClient
	reads   *reads // nil in a Cluster, where a node that hangs would delay the reads of others
	clock   func() time.Time
	scripts scripts
}

var (
	_ ports.SessionStore   = (*Store)(nil)
	_ ports.StoreReadiness = (*Store)(nil)
	_ ports.SessionCounter = (*Store)(nil)
)

// Open returns the store at a URL. The package comment describes the forms. The
// default for clock is time.Now. Open does not connect, so it returns an error only
// for a malformed URL, and the error does not quote the URL.
func Open(_ context.Context, rawURL string, clock func() time.Time) (*Store, error) {
	o, err := parseURL(rawURL)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	if clock == nil {
		clock = time.Now
	}
	s := &Store{client: newClient(o), clock: clock, scripts: newScripts()}
	if !o.IsClusterMode {
		s.reads = &reads{get: pipelined(s.client)}
	}
	return s, nil
}

// newClient returns a client with time limits. With the defaults of go-redis an
// operation can take half a minute. newClient turns off CLIENT SETINFO and CLIENT
// MAINT_NOTIFICATIONS, which cost a round trip for each new connection. In a
// Cluster it also turns off the download of the table of all commands.
func newClient(o *redis.UniversalOptions) redis.UniversalClient {
	o.Protocol = 2 // with RESP3 go-redis searches each reply for push messages
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.PipelinePoolSize = -1 // pipelines use the same connections

	o.ContextTimeoutEnabled = true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = stepLimit, stepLimit, stepLimit, stepLimit
	o.DialerRetries = 1
	o.ConnMaxIdleTime = idleLimit
	// Reads are tried once more. Writes are not; see once.
	o.MaxRetries = 1

	switch {
	case o.IsClusterMode:
		cluster := o.Cluster()
		cluster.MaxRetries = -1 // MaxRedirects does it there
		cluster.DisableRoutingPolicies = true
		return redis.NewClusterClient(cluster)
	case o.MasterName != "":
		client := redis.NewFailoverClient(o.Failover())
		client.AddHook(dialErrors{})
		return client
	default:
		return redis.NewClient(o.Simple())
	}
}

// Close closes all connections. Later calls return ports.ErrStoreUnavailable.
func (s *Store) Close() error {
	if err := s.client.Close(); err != nil {
		return unavailable(err)
	}
	return nil
}

// bounded returns ctx with the time limit of one operation.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, operationLimit)
}

// dialErrors wraps connection errors. If a Sentinel does not know the master,
// connecting fails with redis.Nil, which also means "no such key". Without
// dialErrors, the store would report every session as missing, and everybody would
// be signed out.
type dialErrors struct{}

// DialHook implements redis.Hook.
func (dialErrors) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		return conn, nil
	}
}

// ProcessHook implements redis.Hook.
func (dialErrors) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// ProcessPipelineHook implements redis.Hook.
func (dialErrors) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// isNil reports whether the server's reply was nil: the key does not exist, or SET
// NX found an existing key. It ignores wrapped errors; see dialErrors.
func isNil(err error) bool { return err == redis.Nil }

// LogTo writes the log lines of go-redis to log at level Debug, instead of to
// standard error. It writes only the format of each line, because the arguments can
// contain a server's reply. The errors of the Store say what went wrong.
//
// go-redis has one logger for the process, so main calls LogTo once.
func LogTo(log *slog.Logger) { redis.SetLogger(libraryLog{log}) }

type libraryLog struct{ log *slog.Logger }

// Printf implements the logger of go-redis.
func (l libraryLog) Printf(ctx context.Context, format string, _ ...any) {
	l.log.DebugContext(ctx, "redis client library", "line", format)
}
