package redis

import (
	"context"
	"fmt"
	"net"

	"github.com/redis/go-redis/v9"
)

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
