package redis

import (
	"context"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

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
