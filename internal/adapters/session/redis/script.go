package redis

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// The Lua scripts. KEYS[1] is the record or the index. KEYS[2] is the set of
// sessions, and the last argument is the record's entry in it. In a Cluster there is
// no KEYS[2], because a script can use only keys of one slot. Times to live are in
// milliseconds; 0 or less means that the record has expired already.
const (
	// createSource creates a record. ARGV: version and value, time to live, entry.
	// It returns 0 if there is a record, and 2 otherwise.
	createSource = `
if not redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return 0 end
local ttl, entry = ARGV[2], ARGV[3]` + countIn + `
return 2`

	// replaceSource replaces a record. ARGV: expected version, new version and
	// value, time to live, entry. It returns answerNone, answerChanged or 2.
	replaceSource = `
local version = redis.call('GETRANGE', KEYS[1], 0, 7)
if version == '' then return 0 end
if version ~= ARGV[1] then return 1 end
local ttl, entry = ARGV[3], ARGV[4]
if tonumber(ttl) > 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ttl)
  if KEYS[2] then` + countIn + `
  end
else
  redis.call('DEL', KEYS[1])
  if KEYS[2] then redis.call('ZREM', KEYS[2], entry) end
end
return 2`

	// countIn adds a record to the set of sessions and removes a few expired
	// entries.
	countIn = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, expired in ipairs(redis.call('ZRANGE', KEYS[2], '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, 16)) do
  redis.call('ZREM', KEYS[2], expired)
end
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ttl), entry)
if redis.call('PTTL', KEYS[2]) < tonumber(ttl) then redis.call('PEXPIRE', KEYS[2], ttl) end`

	// countSource returns the number of sessions that expire after the duration
	// ARGV[1] from now.
	countSource = `
local time = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], string.format('(%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]), '+inf')`

	// deleteSource deletes a record. ARGV: expected version or '' for any, entry.
	// It returns the same as replaceSource.
	deleteSource = `
if ARGV[1] ~= '' then
  local version = redis.call('GETRANGE', KEYS[1], 0, 7)
  if version == '' then return 0 end
  if version ~= ARGV[1] then return 1 end
end
redis.call('DEL', KEYS[1])
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[2]) end
return 2`

	// enterSource adds an entry to an index. ARGV: entry, the record's time to
	// live, and the grace. Each call raises the entry's score.
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

	// pruneSource removes entries of an index. ARGV: pairs of entry and score. An
	// entry with another score stays. It returns how many were removed.
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

// Replies of the scripts that write or delete a record: the record does not exist,
// or it has another version. The reply 2 means success.
const (
	answerNone    = 0
	answerChanged = 1
)

// script is a Lua script with its hash in the server's cache.
type script struct{ source, sha string }

func newScript(source string) script { return script{source, redis.NewScript(source).Hash()} }

type scripts struct{ create, replace, delete, enter, prune, count script }

func newScripts() scripts {
	return scripts{
		newScript(createSource), newScript(replaceSource), newScript(deleteSource),
		newScript(enterSource), newScript(pruneSource), newScript(countSource),
	}
}

// cached returns the command that runs the script from the server's cache. It fails
// with NOSCRIPT and changes nothing if the script is not there, as after a restart.
func (sc script) cached(ctx context.Context, keys []string, args ...any) *redis.Cmd {
	return command(ctx, "evalsha", sc.sha, keys, args)
}

// whole returns the command that sends the text of the script and runs it. The
// server then caches the script.
func (sc script) whole(ctx context.Context, keys []string, args ...any) *redis.Cmd {
	return command(ctx, "eval", sc.source, keys, args)
}

func command(ctx context.Context, name, script string, keys []string, args []any) *redis.Cmd {
	all := append(make([]any, 0, 3+len(keys)+len(args)), name, script, len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	return redis.NewCmd(ctx, append(all, args...)...)
}

// run runs a script exactly once.
func (s *Store) run(ctx context.Context, sc script, keys []string, args ...any) (int64, error) {
	cmd := sc.cached(ctx, keys, args...)
	err := s.client.Process(ctx, once{cmd})
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		cmd = sc.whole(ctx, keys, args...)
		err = s.client.Process(ctx, once{cmd})
	}
	if err != nil {
		return 0, err
	}
	return cmd.Int64()
}

// once is a command that go-redis does not retry. If the reply to a write is lost,
// the client cannot know whether the server ran it, and other clients may have
// changed the record since.
type once struct{ *redis.Cmd }

// NoRetry implements redis.Cmder.
func (once) NoRetry() bool { return true }
