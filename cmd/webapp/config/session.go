package config

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode"
)

// longestSession is the upper bound of both limits. Much longer durations overflow
// when they are added to a time.
const longestSession = 10 * 365 * 24 * time.Hour

func (c *Config) checkSession(found *Problems) {
	c.checkSessionKey(found)
	c.checkStore(found)
	if c.SessionIdleTimeout <= 0 && !found.has("SESSION_IDLE_TIMEOUT") {
		found.add("SESSION_IDLE_TIMEOUT", "is not greater than zero", "Write it like 30m or 1h.")
	}
	if c.SessionLifetime <= 0 && !found.has("SESSION_LIFETIME") {
		found.add("SESSION_LIFETIME", "is not greater than zero", "Write it like 8h or 12h.")
	}
	if c.SessionLifetime > longestSession {
		found.add("SESSION_LIFETIME", "is more than ten years", "Write it like 8h or 12h.")
	}
	if c.SessionIdleTimeout > longestSession {
		found.add("SESSION_IDLE_TIMEOUT", "is more than ten years", "Write it like 30m or 1h.")
	}
}

// checkSessionKey checks SESSION_KEY and sets SessionKeys.
func (c *Config) checkSessionKey(found *Problems) {
	const remedy = "Make one with: openssl rand -base64 32"
	for _, encoded := range strings.FieldsFunc(c.SessionKey, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		key, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case err != nil || len(key) != 32:
			found.add("SESSION_KEY", "is not base64 of 32 bytes, or a list of such keys separated by commas", remedy)
			return
		case repeated(key) && (key[0] == 0 || c.HTTPS()):
			found.add("SESSION_KEY", "has a key of one repeated byte, which anybody can guess", remedy)
			return
		case repeated(key): // for tests on localhost
			c.hint("SESSION_KEY", "has a key of one repeated byte, which anybody can guess; with an https REDIRECT_URI it is refused", remedy)
		case slices.ContainsFunc(c.SessionKeys, func(known []byte) bool { return bytes.Equal(known, key) }):
			c.hint("SESSION_KEY", "has the same key twice", "Remove one of the two.")
		}
		c.SessionKeys = append(c.SessionKeys, key)
	}
}

// repeated reports whether all bytes of key are the same.
func repeated(key []byte) bool { return bytes.Count(key, key[:1]) == len(key) }

// checkStore checks the form of SESSION_STORE. A store outside the process also
// needs SESSION_KEY, because a new key at each start could not open its records.
// The store itself checks the rest of the address when it is opened.
func (c *Config) checkStore(found *Problems) {
	scheme, rest, _ := strings.Cut(c.SessionStore, ":")
	warn, known := c.options.Stores[scheme]
	switch {
	case !known:
		found.add("SESSION_STORE", "is not a store that this application knows",
			"Write it like sqlite:/var/lib/webapp/sessions.db or redis://localhost:6379. docs/configuration.md lists all stores.")
		return
	case scheme == "memory" && rest != "":
		found.add("SESSION_STORE", "has text after memory:", "Write memory: without anything after it.")
		return
	case scheme == "memory":
		return
	case rest == "" || rest == "//":
		found.add("SESSION_STORE", "names no file or server",
			"Write it like sqlite:/var/lib/webapp/sessions.db or redis://localhost:6379. docs/configuration.md lists all stores.")
	case servedStore(scheme) && !strings.HasPrefix(rest, "//"):
		found.add("SESSION_STORE", "is not a URL", "Write it like redis://localhost:6379 or postgres://user:password@host/database")
	case warn != nil:
		if wrong, remedy := warn(c.SessionStore); wrong != "" {
			c.hint("SESSION_STORE", wrong, remedy)
		}
	}
	if len(c.SessionKeys) == 0 && !found.has("SESSION_KEY") {
		found.add("SESSION_KEY", "is missing, but this SESSION_STORE needs it",
			"Make one with: openssl rand -base64 32. Use the same key on every instance.")
	}
}

// servedStore reports whether the scheme belongs to a store on a server.
func servedStore(scheme string) bool {
	return strings.HasPrefix(scheme, "redis") || strings.HasPrefix(scheme, "postgres") || scheme == "unix"
}
