package redis

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"webapp/internal/adapters/session/remote"
)

var errForeign = errors.New("a key of the session store has a value of another program")

// unavailable returns an error that matches ports.ErrStoreUnavailable.
func unavailable(cause error) error { return remote.Unavailable("Redis", reason(cause), cause) }

// reason returns a fixed text for err. Errors of servers can quote values.
func reason(err error) string {
	var refused redis.Error
	switch {
	case errors.Is(err, errForeign):
		return errForeign.Error()
	case errors.Is(err, redis.ErrClosed):
		return "the store has been closed"
	case strings.Contains(err.Error(), "all sentinels specified"):
		return "no Sentinel responds, or none knows a master with that name"
	case errors.As(err, &refused):
		return answered(refused.Error())
	case errors.Is(err, redis.ErrPoolTimeout), errors.Is(err, redis.ErrPoolExhausted):
		return "all connections are busy"
	}
	switch network := remote.Reason(err); network {
	case remote.NoTLS:
		return network + " (rediss:// uses TLS)"
	case remote.Broken:
		return network + " (also if the server expects TLS: rediss://)"
	case "":
	default:
		return network
	}
	if text := err.Error(); strings.Contains(text, "redis: can't parse") || strings.Contains(text, "redis: invalid reply") {
		return "the server does not speak the Redis protocol (or expects TLS: rediss://)"
	}
	return "the request failed"
}

// answered returns the text for an error reply of the server.
func answered(text string) string {
	code, rest, _ := strings.Cut(text, " ")
	switch code {
	case "NOAUTH":
		return "the server requires a password"
	case "WRONGPASS":
		return "the server refuses the user name or password"
	case "NOPERM":
		return "the server's access rules (ACL) forbid a command or key that is needed"
	case "MOVED", "ASK":
		return "the server belongs to a Cluster: use redis+cluster://"
	case "CLUSTERDOWN", "TRYAGAIN":
		return "the Cluster does not serve all its slots (" + code + ")"
	case "LOADING":
		return "the server is starting (LOADING)"
	case "READONLY":
		return "the server is a replica (READONLY)"
	case "OOM":
		return "the server's memory is full (OOM)"
	case "MISCONF":
		return "the server cannot write its data to disk (MISCONF)"
	case "NOREPLICAS", "MASTERDOWN":
		return "the server has lost its replicas or its master (" + code + ")"
	case "WRONGTYPE":
		return errForeign.Error()
	case "ERR":
		return answeredErr(rest)
	}
	return "the server returns an unknown error"
}

// answeredErr returns the text for an error reply with the code ERR.
func answeredErr(text string) string {
	for prefix, meaning := range map[string]string{
		"DB index":              "the server has no database with that number",
		"invalid DB":            "the server has no database with that number",
		"SELECT is not allowed": "the server belongs to a Cluster: use redis+cluster://",
		"This instance has cluster support disabled": "the server does not belong to a Cluster: use redis://",
		"AUTH":                  "the URL has a password, but the server has none",
		"Client sent AUTH":      "the URL has a password, but the server has none",
		"invalid password":      "the server refuses the user name or password",
		"invalid username":      "the server refuses the user name or password",
		"max number of clients": "the server has too many connections",
		"unknown command":       "the server does not know a command that is needed",
	} {
		if strings.HasPrefix(text, prefix) {
			return meaning
		}
	}
	return "the server returns an error (ERR)"
}
