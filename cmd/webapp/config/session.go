package config

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/secretfile"
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

// maxSessionFile bounds the files of SESSION_KEY_FILE and SESSION_STORE_FILE in bytes.
const maxSessionFile = 4 << 10

// checkSessionKey checks SESSION_KEY and SESSION_KEY_FILE, and sets SessionKeys.
func (c *Config) checkSessionKey(found *Problems) {
	const remedy = "Make one with: openssl rand -base64 32"
	hintAt := func(name string) func(wrong, remedy string) {
		return func(wrong, remedy string) { c.hint(name, wrong, remedy) }
	}
	if c.SessionKey != "" && c.SessionKeyFile != "" {
		found.add("SESSION_KEY and SESSION_KEY_FILE", "are both set", "Remove one of the two.")
	}
	var err error
	if c.SessionKey != "" {
		if c.SessionKeys, err = c.parseSessionKeys(c.SessionKey, hintAt("SESSION_KEY")); err != nil {
			found.add("SESSION_KEY", err.Error(), remedy)
		}
	}
	if c.SessionKeyFile == "" || found.hasAlone("SESSION_KEY_FILE") {
		return
	}
	data, err := secretfile.Read(c.SessionKeyFile, maxSessionFile)
	if err == nil {
		c.SessionKeys, err = c.parseSessionKeyFile(data, hintAt("SESSION_KEY_FILE"))
	}
	if err != nil {
		found.add("SESSION_KEY_FILE", err.Error(), "Write a key into that file, and allow this program to read it. "+remedy)
	}
}

func (c *Config) parseSessionKeyFile(data []byte, hint func(wrong, remedy string)) ([][]byte, error) {
	text, err := secretfile.Text(data)
	if err != nil {
		return nil, err
	}
	return c.parseSessionKeys(text, hint)
}

// parseSessionKeys decodes keys that are separated by commas or white space. It returns an
// error if one of them cannot be used, so that no instance works with half a list. The
// error completes a sentence about the text, such as "has no key". hint is called for a
// key that works but looks like a mistake.
func (c *Config) parseSessionKeys(text string, hint func(wrong, remedy string)) ([][]byte, error) {
	var keys [][]byte
	for _, encoded := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		key, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case err != nil || len(key) != 32:
			return nil, errors.New("is not base64 of 32 bytes, or a list of such keys separated by commas or lines")
		case repeated(key) && (key[0] == 0 || c.HTTPS()):
			return nil, errors.New("has a key of one repeated byte, which anybody can guess")
		case repeated(key): // for tests on localhost
			hint("has a key of one repeated byte, which anybody can guess; with an https REDIRECT_URI it is refused", "Make another with: openssl rand -base64 32")
		case slices.ContainsFunc(keys, func(known []byte) bool { return bytes.Equal(known, key) }):
			hint("has the same key twice", "Remove one of the two.")
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("has no key")
	}
	return keys, nil
}

// OpenSessionKeyFile opens SESSION_KEY_FILE, which can change while the program runs. It
// returns nil if the variable is not set. pause waits between two reads of a new version.
func (c *Config) OpenSessionKeyFile(pause func(context.Context, time.Duration) error, logger *slog.Logger) (*secretfile.File[[][]byte], error) {
	if c.SessionKeyFile == "" {
		return nil, nil
	}
	hint := func(string, string) {} // Load has given the hints at the first version
	file, err := secretfile.Open(secretfile.Config[[][]byte]{
		Paths: []string{c.SessionKeyFile}, What: "list of session keys", Limit: maxSessionFile,
		Parse: func(files [][]byte) ([][]byte, error) {
			return c.parseSessionKeyFile(files[0], func(wrong, remedy string) { hint(wrong, remedy) })
		},
		Pause: pause, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("SESSION_KEY_FILE %w", err)
	}
	hint = func(wrong, remedy string) { logger.Warn("configuration: SESSION_KEY_FILE "+wrong, "remedy", remedy) }
	return file, nil
}

// repeated reports whether all bytes of key are the same.
func repeated(key []byte) bool { return bytes.Count(key, key[:1]) == len(key) }

// readStore sets SessionStore to the value in SESSION_STORE_FILE, or to the default. It
// returns false if the file cannot be used.
func (c *Config) readStore(found *Problems) bool {
	switch {
	case c.SessionStore != "" && c.SessionStoreFile != "":
		found.add("SESSION_STORE and SESSION_STORE_FILE", "are both set", "Remove one of the two.")
		return true
	case c.SessionStoreFile == "":
		c.SessionStore = cmp.Or(c.SessionStore, "memory:")
		return true
	case found.has("SESSION_STORE_FILE"):
		return false
	}
	c.storeVariable = "SESSION_STORE_FILE"
	var value string
	data, err := secretfile.Read(c.SessionStoreFile, maxSessionFile)
	if err == nil {
		value, err = secretfile.Value(data)
	}
	if err != nil {
		found.add(c.storeVariable, err.Error(), "Write only the address of the store into that file, such as redis://localhost:6379, and allow this program to read it.")
		return false
	}
	c.SessionStore = c.clean(field{variable: c.storeVariable}, value, found)
	return true
}

// checkStore checks the form of the store's address. A store outside the process also
// needs a session key, because a new key at each start could not open its records. The
// store itself checks the rest of the address when it is opened.
func (c *Config) checkStore(found *Problems) {
	if !c.readStore(found) {
		return
	}
	name := c.StoreVariable()
	scheme, rest, _ := strings.Cut(c.SessionStore, ":")
	warn, known := c.options.Stores[scheme]
	switch {
	case !known:
		found.add(name, "is not a store that this application knows",
			"Write it like sqlite:/var/lib/webapp/sessions.db or redis://localhost:6379. docs/configuration.md lists all stores.")
		return
	case scheme == "memory" && rest != "":
		found.add(name, "has text after memory:", "Write memory: without anything after it.")
		return
	case scheme == "memory":
		return
	case rest == "" || rest == "//":
		found.add(name, "names no file or server",
			"Write it like sqlite:/var/lib/webapp/sessions.db or redis://localhost:6379. docs/configuration.md lists all stores.")
	case servedStore(scheme) && !strings.HasPrefix(rest, "//"):
		found.add(name, "is not a URL", "Write it like redis://localhost:6379 or postgres://user:password@host/database")
	case warn != nil:
		if wrong, remedy := warn(c.SessionStore); wrong != "" {
			c.hint(name, wrong, remedy)
		}
	}
	if len(c.SessionKeys) == 0 && !found.has("SESSION_KEY") && !found.has("SESSION_KEY_FILE") {
		found.add("SESSION_KEY", "is missing, but this "+name+" needs it",
			"Make one with: openssl rand -base64 32. Use the same key on every instance.")
	}
}

// servedStore reports whether the scheme belongs to a store on a server.
func servedStore(scheme string) bool {
	return strings.HasPrefix(scheme, "redis") || strings.HasPrefix(scheme, "postgres") || scheme == "unix"
}

// Keys returns the session keys. If none is configured, it returns a new key, because
// sessions in memory end with the process anyway.
func (c *Config) Keys() [][]byte {
	if len(c.SessionKeys) > 0 {
		return c.SessionKeys
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // crypto/rand.Read never fails
	return [][]byte{key}
}

// Realm returns a text that differs between applications. It separates their
// sessions if they share a store and a key by mistake. The demo has a fixed realm,
// because the port of its provider differs at each start.
func (c *Config) Realm() string {
	configured, err := authority.Parse(c.Authority)
	clientID := authority.FoldGUID(c.ClientID)
	switch {
	case c.Demo:
		return "demo"
	case err == nil:
		return strings.ToLower(configured.DiscoveryURL()) + " " + clientID // a slash at the end of AUTHORITY changes nothing
	default:
		return c.OIDCAuthority + " " + clientID
	}
}

// StoreVariable returns the name of the variable that sets SessionStore.
func (c *Config) StoreVariable() string { return cmp.Or(c.storeVariable, "SESSION_STORE") }

// StoreScheme returns the part of SessionStore before the colon.
func (c *Config) StoreScheme() string {
	scheme, _, _ := strings.Cut(c.SessionStore, ":")
	return scheme
}
