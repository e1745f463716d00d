// Package config reads the configuration of webapp from the environment and from
// the file .env, and checks it. Load is its one entry. It makes no adapter.
package config

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/observe"
	"webapp/internal/ports"
)

// Config is the configuration of the program. A field with the tag env has the
// value of that variable; README.md has the same table with more words. The value
// of a field with the tag secret is used exactly as it is given.
type Config struct {
	// Authority or OIDCAuthority names the provider.
	Authority     string `env:"AUTHORITY"`      // Entra authority
	OIDCAuthority string `env:"OIDC_AUTHORITY"` // exact issuer of any OpenID Provider

	// ClientID is the application's registration at the provider, with exactly
	// one credential.
	ClientID                  string `env:"CLIENT_ID"`
	ClientSecret              string `env:"CLIENT_SECRET" secret:"true"`
	ClientSecretFile          string `env:"CLIENT_SECRET_FILE"`
	ClientCertificateFile     string `env:"CLIENT_CERTIFICATE_FILE"`
	ClientCertificatePassword string `env:"CLIENT_CERTIFICATE_PASSWORD" secret:"true"`
	CertificatePasswordFile   string `env:"CLIENT_CERTIFICATE_PASSWORD_FILE"`
	FederatedTokenFile        string `env:"AZURE_FEDERATED_TOKEN_FILE"`
	ManagedIdentity           string `env:"CLIENT_MANAGED_IDENTITY"` // client ID of a user-assigned managed identity
	ClientSecretExpires       string `env:"CLIENT_SECRET_EXPIRES"`   // a date, for the warning before it

	// IdentityEndpoint and IdentityHeader are set by App Service and Container
	// Apps, where they offer managed identities.
	IdentityEndpoint string `env:"IDENTITY_ENDPOINT"`
	IdentityHeader   string `env:"IDENTITY_HEADER"`

	RedirectURI  string `env:"REDIRECT_URI"`  // default http://localhost:3000/getAToken
	ResponseMode string `env:"RESPONSE_MODE"` // query or form_post
	ListenAddr   string `env:"LISTEN_ADDR"`   // default localhost:3000
	// AllowedTenants are the tenants whose people may sign in with common and
	// organizations; "*" is any. AllowedSubjects are the people who may sign in
	// with OIDC_AUTHORITY; "*" is anybody.
	AllowedTenants  []string `env:"ALLOWED_TENANTS"`
	AllowedSubjects []string `env:"ALLOWED_SUBJECTS"`
	// IDTokenSignedResponseAlg is the one algorithm that ID tokens are signed
	// with. Empty, every safe algorithm that the provider offers is accepted.
	IDTokenSignedResponseAlg string `env:"ID_TOKEN_SIGNED_RESPONSE_ALG"`

	// Scope and Endpoint are the API of /call_api. Without an API both are empty.
	Scope    string `env:"SCOPE"` // separated by spaces
	Endpoint string `env:"ENDPOINT"`

	SessionStore       string        `env:"SESSION_STORE"` // default memory:
	SessionKey         string        `env:"SESSION_KEY"`   // base64 of 32 bytes each, separated by commas
	SessionIdleTimeout time.Duration `env:"SESSION_IDLE_TIMEOUT"`
	SessionLifetime    time.Duration `env:"SESSION_LIFETIME"`

	TrustedProxies []string `env:"TRUSTED_PROXIES"` // CIDRs
	LogFormat      string   `env:"LOG_FORMAT"`      // text or json
	LogLevel       string   `env:"LOG_LEVEL"`       // debug, info, warn or error
	MetricsAddr    string   `env:"METRICS_ADDR"`    // off when empty

	// These variables are OpenTelemetry's. Traces are off without an endpoint
	// or an exporter. The library reads more variables itself, from the
	// environment alone.
	OTLPEndpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	OTLPTracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	OTLPHeaders        string `env:"OTEL_EXPORTER_OTLP_HEADERS"`
	OTLPTracesHeaders  string `env:"OTEL_EXPORTER_OTLP_TRACES_HEADERS"`
	OTLPProtocol       string `env:"OTEL_EXPORTER_OTLP_PROTOCOL"`
	OTLPTracesProtocol string `env:"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"`
	OTelExporter       string `env:"OTEL_TRACES_EXPORTER"` // otlp or none
	OTelDisabled       string `env:"OTEL_SDK_DISABLED"`
	OTelService        string `env:"OTEL_SERVICE_NAME"`
	OTelSampler        string `env:"OTEL_TRACES_SAMPLER"`
	OTelSamplerArg     string `env:"OTEL_TRACES_SAMPLER_ARG"`

	// The fields below are what the variables mean. Load fills them in.

	// Demo says that the program runs as a demo, with a provider of its own.
	Demo bool
	// Redirect is RedirectURI; nil where that is malformed.
	Redirect *url.URL
	// Scopes are those of Scope.
	Scopes []string
	// SessionKeys are those of SessionKey, or a new one where it is not set.
	SessionKeys [][]byte
	// Proxies are those of TrustedProxies.
	Proxies []netip.Prefix
	// Tracing is nil where traces are off.
	Tracing *observe.TracerConfig
	// Hints are values that look like a mistake. The program starts with them.
	Hints []Problem

	program Program
	lookup  Lookup
}

// Lookup returns an environment variable, and whether it is set.
type Lookup func(name string) (value string, set bool)

// Program is what this program can do: the values that Load accepts besides the
// fixed ones.
type Program struct {
	// Demo says that the program shall run as a demo.
	Demo bool
	// Providers try the adapters of providers without OpenID Connect, by the
	// OIDC_AUTHORITY that chooses each. An error says why the adapter cannot be
	// used.
	Providers map[string]func(ports.Registration) error
	// Stores are the schemes of SESSION_STORE. A scheme without warnings has nil.
	Stores map[string]WarnOfStore
	// Mounts are the paths of handlers besides the pages.
	Mounts []string
}

// WarnOfStore says what about the address of a session store is dangerous, and
// what to write instead, in fixed words. It returns empty texts where nothing is.
type WarnOfStore func(address string) (wrong, remedy string)

// Load reads and checks the configuration: the environment, and .env in the
// working directory. The error is *Problems. It names every problem at once,
// each with its variable and its remedy, and no value. With an error, Config
// holds as much as could be read.
func Load(environment Lookup, program Program) (Config, error) {
	c := Config{
		ResponseMode:       "query",
		ListenAddr:         "localhost:3000",
		SessionStore:       "memory:",
		SessionIdleTimeout: time.Hour,
		SessionLifetime:    12 * time.Hour,
		LogFormat:          "text",
		LogLevel:           "info",

		Demo:    program.Demo,
		program: program,
	}
	var found Problems
	c.lookup, c.Hints = withDotEnv(withoutMark(environment), &found)
	found.Hints = c.Hints
	if len(found.List) > 0 {
		return c, &found
	}
	values := make(map[string]string)
	for _, f := range fields() {
		value, _ := c.lookup(f.variable)
		// An empty variable counts as not set.
		if value = c.clean(f, value, &found); value != "" {
			values[f.variable] = value
		}
	}
	if err := env.ParseWithOptions(&c, env.Options{Environment: values}); err != nil {
		found.parsing(err)
	}
	c.AllowedTenants = entries(c.AllowedTenants)
	c.AllowedSubjects = entries(c.AllowedSubjects)
	c.check(&found)
	found.offerDemo = !program.Demo && len(values) == 0
	if len(found.List) > 0 {
		return c, &found
	}
	return c, nil
}

// check fills in what the variables mean and reports everything that is wrong.
func (c *Config) check(found *Problems) {
	c.checkListenAddr(found)
	c.checkRedirectURI(found)
	if c.Demo {
		c.checkDemo(found)
	} else {
		c.checkPlaceholders(found)
		c.checkProvider(found)
		c.preferOwnCredential()
		c.checkCredential(found)
		c.checkAdapter(found)
		c.checkOwnAdapter(found)
		c.checkAPI(found)
	}
	c.checkSession(found)
	c.checkOperation(found)
	c.checkFiles()
}

// hint notes a value that looks like a mistake, without the value.
func (c *Config) hint(name, wrong, remedy string) {
	c.Hints = append(c.Hints, Problem{Name: name, Wrong: wrong, Remedy: remedy})
}

// field is a field of Config that has the value of a variable.
type field struct {
	name     string
	variable string
	secret   bool
}

// fields are those of Config that have the tag env.
func fields() []field {
	var all []field
	for f := range reflect.TypeFor[Config]().Fields() {
		if variable := f.Tag.Get("env"); variable != "" {
			all = append(all, field{name: f.Name, variable: variable, secret: f.Tag.Get("secret") != ""})
		}
	}
	return all
}

// HTTPS says whether people reach the application by https.
func (c *Config) HTTPS() bool { return c.Redirect != nil && c.Redirect.Scheme == "https" }

// FormPost says whether the provider answers by a form that the browser posts.
func (c *Config) FormPost() bool { return c.ResponseMode == entra.ResponseModeFormPost }

// Origin is the public origin of the application. It comes from the redirect
// URI, never from a request.
func (c *Config) Origin() string {
	if c.Redirect == nil {
		return ""
	}
	return c.Redirect.Scheme + "://" + c.Redirect.Host
}

// Keys are the session keys, or a new one where none is configured: sessions in
// memory end with the process.
func (c *Config) Keys() [][]byte {
	if len(c.SessionKeys) > 0 {
		return c.SessionKeys
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // crypto/rand.Read never fails
	return [][]byte{key}
}

// Realm separates the sessions of applications that share a store and a key by
// mistake. The port of the demo provider differs at each start, so the realm of
// the demo is a fixed name.
func (c *Config) Realm() string {
	configured, err := authority.Parse(c.Authority)
	clientID := authority.FoldGUID(c.ClientID)
	switch {
	case c.Demo:
		return "demo"
	case err == nil:
		return strings.ToLower(configured.DiscoveryURL()) + " " + clientID // the same with a slash behind AUTHORITY
	default:
		return c.OIDCAuthority + " " + clientID
	}
}

// StoreScheme is what SESSION_STORE begins with, up to the colon.
func (c *Config) StoreScheme() string {
	scheme, _, _ := strings.Cut(c.SessionStore, ":")
	return scheme
}

// Logger writes to w in LOG_FORMAT, from LOG_LEVEL on.
func (c *Config) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked by checkOperation
	return c.loggerFrom(level, w)
}

// AuditLogger writes like Logger, whatever LOG_LEVEL is: the audit log is
// complete. Each line is one call of Write, so both loggers may share w.
func (c *Config) AuditLogger(w io.Writer) *slog.Logger { return c.loggerFrom(slog.LevelInfo, w) }

func (c *Config) loggerFrom(level slog.Level, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
