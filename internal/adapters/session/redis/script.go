package redis

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// The scripts touch one key each, so they run on a Cluster as they are. A time
// to live of 0 or less stands for a record that has expired already.
const (
	// replaceSource: ARGV version expected, new version and value, time to live
	// in milliseconds. Answers one of those below.
	replaceSource = `
local version = redis.call('GETRANGE', KEYS[1], 0, 7)
if version == '' then return 0 end
if version ~= ARGV[1] then return 1 end
if tonumber(ARGV[3]) > 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
return 2`

	// deleteSource: ARGV version expected. Answers as replaceSource.
	deleteSource = `
local version = redis.call('GETRANGE', KEYS[1], 0, 7)
if version == '' then return 0 end
if version ~= ARGV[1] then return 1 end
redis.call('DEL', KEYS[1])
return 2`

	// enterSource writes an entry into an index: ARGV entry, the record's time
	// to live and the grace in milliseconds. Entering again always raises the
	// entry's score.
	enterSource = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ttl, grace = tonumber(ARGV[2]), tonumber(ARGV[3])
local expires = now + ttl
local before = redis.call('ZSCORE', KEYS[1], ARGV[1])
if before and tonumber(before) >= expires then expires = tonumber(before) + 1 end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - grace)
redis.call('ZADD', KEYS[1], string.format('%.0f', expires), ARGV[1])
local lasts = expires - now + grace
if redis.call('PTTL', KEYS[1]) < lasts then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', lasts))
end
return 2`

	// pruneSource removes entries of an index: ARGV pairs of entry and score. An
	// entry that has another score by now stays. Answers how many went.
	pruneSource = `
local removed = 0
for i = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and tonumber(score) == tonumber(ARGV[i+1]) then
    removed = removed + redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return removed`
)

// What replaceSource and deleteSource answer: no record, one of another
// version, and (2) done.
const (
	answerNone    = 0
	answerChanged = 1
)

// script is a Lua script and the name that the server caches it under.
type script struct{ source, sha string }

func newScript(source string) script { return script{source, redis.NewScript(source).Hash()} }

type scripts struct{ replace, delete, enter, prune script }

func newScripts() scripts {
	return scripts{newScript(replaceSource), newScript(deleteSource), newScript(enterSource), newScript(pruneSource)}
}

// cached returns the command that runs the script from the server's cache. It
// fails with NOSCRIPT, and has changed nothing, where the server does not have
// it: after a restart, or on another node.
func (sc script) cached(ctx context.Context, key string, args ...any) *redis.Cmd {
	return redis.NewCmd(ctx, append([]any{"evalsha", sc.sha, 1, key}, args...)...)
}

// whole returns the command that runs the script from its text, and leaves it
// in the server's cache.
func (sc script) whole(ctx context.Context, key string, args ...any) *redis.Cmd {
	return redis.NewCmd(ctx, append([]any{"eval", sc.source, 1, key}, args...)...)
}

// run runs a script that must not run twice.
func (s *Store) run(ctx context.Context, sc script, key string, args ...any) (int64, error) {
	cmd := sc.cached(ctx, key, args...)
	err := s.client.Process(ctx, once{cmd})
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		cmd = sc.whole(ctx, key, args...)
		err = s.client.Process(ctx, once{cmd})
	}
	if err != nil {
		return 0, err
	}
	return cmd.Int64()
}

// once is a command that go-redis sends no second time. Where the answer to a
// write is lost nobody knows whether it took place, and in between others may
// have changed or deleted the record.
type once struct{ *redis.Cmd }

// NoRetry implements redis.Cmder.
func (once) NoRetry() bool { return true }
