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
	// operationLimit bounds every method of the Store as a whole, retries and
	// waiting for a free connection included.
	operationLimit = 2 * time.Second
	// stepLimit bounds each step of one: waiting for a connection, dialling,
	// writing and reading.
	stepLimit = time.Second
	// idleLimit is when an unused connection is closed, before firewalls on the
	// way forget it.
	idleLimit = 4 * time.Minute
)

// Store is a ports.SessionStore on Redis. It is safe for concurrent use.
type Store struct {
	client  redis.UniversalClient
	clock   func() time.Time
	scripts scripts
}

var (
	_ ports.SessionStore   = (*Store)(nil)
	_ ports.StoreReadiness = (*Store)(nil)
	_ ports.SessionCounter = (*Store)(nil)
)

// Open returns the store at a URL, see the package comment for its forms, that
// tells the time by clock, time.Now where it is nil. It connects to nothing
// yet: a server that is down is no error here, only a malformed URL is, and that
// error holds nothing of the URL. Close the store in the end.
func Open(rawURL string, clock func() time.Time) (*Store, error) {
	o, err := parseURL(rawURL)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	if clock == nil {
		clock = time.Now
	}
	return &Store{client: newClient(o), clock: clock, scripts: newScripts()}, nil
}

// newClient completes the options. go-redis's own values let an operation last
// for half a minute, and some of its abilities cost a round trip for each new
// connection (CLIENT SETINFO, CLIENT MAINT_NOTIFICATIONS) or, in a Cluster, the
// table of all commands.
func newClient(o *redis.UniversalOptions) redis.UniversalClient {
	o.Protocol = 2 // nothing of RESP3 is used; with 3 each reply is searched for push messages
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.PipelinePoolSize = -1 // the ordinary connections serve pipelines too

	o.ContextTimeoutEnabled = true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = stepLimit, stepLimit, stepLimit, stepLimit
	o.DialerRetries = 1
	o.ConnMaxIdleTime = idleLimit
	// Reads are tried once more. Writes are not, see once.
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

// Close closes all connections. The store is of no use afterwards.
func (s *Store) Close() error {
	if err := s.client.Close(); err != nil {
		return unavailable(err)
	}
	return nil
}

// bounded returns ctx with the limit of one operation.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, operationLimit)
}

// dialErrors marks errors of connecting. Behind a Sentinel that does not know
// the master, connecting fails with redis.Nil, which is also how "no such key"
// looks; taken for that it would sign everybody out.
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

// ProcessHook implements redis.Hook and adds nothing.
func (dialErrors) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// ProcessPipelineHook implements redis.Hook and adds nothing.
func (dialErrors) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// isNil tells whether the server answered that there is nothing. It looks at
// err alone and not at what err wraps, see dialErrors.
func isNil(err error) bool { return err == redis.Nil }

// LogTo takes the log lines of the client library off standard error, where it
// writes them by default, and gives them to log at level Debug. What went wrong
// is in the errors of the Store as well. Of each line only the constant part is
// kept, because the rest can hold what a server has answered.
//
// It is for the whole process, since the library has one logger: for main, at
// the start.
func LogTo(log *slog.Logger) { redis.SetLogger(libraryLog{log}) }

type libraryLog struct{ log *slog.Logger }

// Printf implements the library's logger.
func (l libraryLog) Printf(ctx context.Context, format string, _ ...any) {
	l.log.DebugContext(ctx, "redis client library", "line", format)
}
