package main

import (
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"webapp/internal/adapters/observe"
)

// settings are the environment variables as they were given. README.md has the
// same table with more words; the names are fixed.
type settings struct {
	// The provider: exactly one of the two.
	Authority     string `env:"AUTHORITY"`      // Entra authority
	OIDCAuthority string `env:"OIDC_AUTHORITY"` // exact issuer of any OpenID Provider

	// This application's registration there, with exactly one credential.
	ClientID                  string `env:"CLIENT_ID"`
	ClientSecret              string `env:"CLIENT_SECRET"`
	ClientSecretFile          string `env:"CLIENT_SECRET_FILE"`
	ClientCertificateFile     string `env:"CLIENT_CERTIFICATE_FILE"`
	ClientCertificatePassword string `env:"CLIENT_CERTIFICATE_PASSWORD"`
	FederatedTokenFile        string `env:"AZURE_FEDERATED_TOKEN_FILE"`
	ManagedIdentity           string `env:"CLIENT_MANAGED_IDENTITY"` // client ID of a user-assigned managed identity
	ClientSecretExpires       string `env:"CLIENT_SECRET_EXPIRES"`   // a date, for warnings; nobody else tells it

	// Where App Service and Container Apps offer managed identities; set by them.
	IdentityEndpoint string `env:"IDENTITY_ENDPOINT"`
	IdentityHeader   string `env:"IDENTITY_HEADER"`

	RedirectURI    string   `env:"REDIRECT_URI"`  // default http://localhost:3000/getAToken
	ResponseMode   string   `env:"RESPONSE_MODE"` // query or form_post
	ListenAddr     string   `env:"LISTEN_ADDR"`   // default localhost:3000
	AllowedTenants []string `env:"ALLOWED_TENANTS"`
	// The one algorithm that ID tokens are registered to be signed with; each
	// acceptable one that the provider offers when empty.
	IDTokenSignedResponseAlg string `env:"ID_TOKEN_SIGNED_RESPONSE_ALG"`

	// The API of /call_api; an empty one hides it.
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

	// OpenTelemetry's, as its specification has them; traces are off without
	// one of the endpoints or an exporter. The library reads more of them
	// itself, from the environment alone.
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

	// What the variables mean, filled in by check.
	demo        bool
	redirect    *url.URL
	scopes      []string
	sessionKeys [][]byte
	proxies     []netip.Prefix
	tracing     *observe.TracerConfig // nil: off
	given       lookupEnv
	// hints are what looks like a mistake and may be none.
	hints []problem
}

// defaults are the values of variables that are not set.
func defaults() settings {
	return settings{
		ResponseMode: "query", ListenAddr: "localhost:3000", SessionStore: "memory:",
		SessionIdleTimeout: time.Hour, SessionLifetime: 12 * time.Hour,
		LogFormat: "text", LogLevel: "info",
	}
}

// load reads and checks the settings. The error names every problem at once,
// each with its variable and how to mend it, and no value.
func load(given lookupEnv, demo bool) (settings, error) {
	s, found := read(given, demo)
	if len(found.list) > 0 {
		return settings{}, &found
	}
	return s, nil
}

// read reads the settings as far as they can be understood, and what is wrong
// with them.
func read(given lookupEnv, demo bool) (settings, problems) {
	s := defaults()
	s.demo, s.given = demo, given
	var found problems
	names := settingNames()
	values := make(map[string]string, len(names))
	for _, name := range names {
		// An empty variable is an unset one, but for those that it turns off.
		if value, ok := given(name); ok && value != "" {
			values[name] = value
		}
	}
	if err := env.ParseWithOptions(&s, env.Options{Environment: values}); err != nil {
		found.parsing(err)
	}
	s.trim()
	s.check(&found)
	found.offerDemo = !demo && len(values) == 0
	return s, found
}

// trim takes off the blanks that come with a paste, and what a comma at the end
// leaves. A secret is left as it is.
func (s *settings) trim() {
	for _, text := range []*string{
		&s.Authority, &s.OIDCAuthority, &s.ClientID, &s.ManagedIdentity, &s.RedirectURI, &s.ListenAddr, &s.Endpoint, &s.SessionStore,
	} {
		*text = strings.TrimSpace(*text)
	}
	for i, tenant := range s.AllowedTenants {
		s.AllowedTenants[i] = strings.TrimSpace(tenant)
	}
	s.AllowedTenants = slices.DeleteFunc(s.AllowedTenants, func(tenant string) bool { return tenant == "" })
}

// hint notes what looks like a mistake, without its value.
func (s *settings) hint(name, wrong, remedy string) {
	s.hints = append(s.hints, problem{name, wrong, remedy})
}

// settingNames are the names of all variables, from the tags of settings.
func settingNames() []string {
	var names []string
	for field := range reflect.TypeFor[settings]().Fields() {
		if name := field.Tag.Get("env"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// settingName is the variable that fills the named field.
func settingName(field string) string {
	if f, ok := reflect.TypeFor[settings]().FieldByName(field); ok {
		return f.Tag.Get("env")
	}
	return field
}
