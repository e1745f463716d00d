// Package config reads the configuration of webapp from the environment and from
// the file .env, and checks it. Load does both. The package makes no adapter.
package config

import (
	"net/netip"
	"net/url"
	"reflect"
	"time"

	"github.com/caarlos0/env/v11"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/observe"
	"webapp/internal/ports"
)

// Config is the configuration of the program. A field with the tag env has the
// value of that variable; docs/configuration.md explains each variable. The value
// of a field with the tag secret is not trimmed.
type Config struct {
	// Authority, OIDCAuthority or B2CTenantName names the provider. Exactly one is set.
	// With B2CTenantName, Load sets Authority to the user flow of the sign-in.
	Authority     string `env:"AUTHORITY"`       // Entra authority
	OIDCAuthority string `env:"OIDC_AUTHORITY"`  // exact issuer of any OpenID Provider
	B2CTenantName string `env:"B2C_TENANT_NAME"` // such as contoso
	// The user flows of Azure AD B2C, such as B2C_1_signupsignin1. EditProfileFlow and
	// ResetPasswordFlow are optional.
	SignUpSignInFlow  string `env:"SIGNUPSIGNIN_USER_FLOW"`
	EditProfileFlow   string `env:"EDITPROFILE_USER_FLOW"`
	ResetPasswordFlow string `env:"RESETPASSWORD_USER_FLOW"`

	// ClientID is the client ID of the application's registration at the provider.
	// Exactly one credential is set.
	ClientID                  string `env:"CLIENT_ID"`
	ClientSecret              string `env:"CLIENT_SECRET" secret:"true"`
	ClientSecretFile          string `env:"CLIENT_SECRET_FILE"`
	ClientCertificateFile     string `env:"CLIENT_CERTIFICATE_FILE"`
	ClientCertificatePassword string `env:"CLIENT_CERTIFICATE_PASSWORD" secret:"true"`
	CertificatePasswordFile   string `env:"CLIENT_CERTIFICATE_PASSWORD_FILE"`
	FederatedTokenFile        string `env:"AZURE_FEDERATED_TOKEN_FILE"`
	ManagedIdentity           string `env:"CLIENT_MANAGED_IDENTITY"` // client ID of a user-assigned managed identity
	ClientSecretExpires       string `env:"CLIENT_SECRET_EXPIRES"`   // a date, for the warning before it

	// App Service and Container Apps set IdentityEndpoint and IdentityHeader. The
	// token of a managed identity comes from there.
	IdentityEndpoint string `env:"IDENTITY_ENDPOINT"`
	IdentityHeader   string `env:"IDENTITY_HEADER"`

	RedirectURI     string `env:"REDIRECT_URI"`                  // default http://localhost:3000/getAToken
	ResponseMode    string `env:"RESPONSE_MODE"`                 // query or form_post
	SignInPrompt    string `env:"SIGN_IN_PROMPT"`                // select_account, login or consent
	DomainHint      string `env:"DOMAIN_HINT"`                   // a domain
	PushedRequests  string `env:"PUSHED_AUTHORIZATION_REQUESTS"` // auto or off
	TokenRevocation string `env:"TOKEN_REVOCATION"`              // on or off
	ListenAddr      string `env:"LISTEN_ADDR"`                   // default localhost:3000
	// BasePath is the path below which all routes except the callback are. Load removes
	// one slash at its end. It is empty by default.
	BasePath string `env:"BASE_PATH"`
	// AllowedTenants lists the tenants that may sign in, with the authorities
	// common and organizations. "*" means any tenant.
	// AllowedSubjects lists the users that may sign in, with OIDC_AUTHORITY, by
	// their claim sub. "*" means everybody.
	AllowedTenants  []string `env:"ALLOWED_TENANTS"`
	AllowedSubjects []string `env:"ALLOWED_SUBJECTS"`
	// IDTokenSignedResponseAlg is the signature algorithm of ID tokens. If it is
	// empty, every safe algorithm in the provider's metadata is accepted.
	IDTokenSignedResponseAlg string `env:"ID_TOKEN_SIGNED_RESPONSE_ALG"`

	// Scope and Endpoint describe the API of the page /call_api. Both are empty if
	// there is no such page.
	Scope    string `env:"SCOPE"` // separated by spaces
	Endpoint string `env:"ENDPOINT"`

	// SessionStore and SessionKey are never set together with their files. Load sets
	// SessionStore to the value in SessionStoreFile.
	SessionStore       string        `env:"SESSION_STORE"` // default memory:
	SessionStoreFile   string        `env:"SESSION_STORE_FILE"`
	SessionKey         string        `env:"SESSION_KEY"` // base64 of 32 bytes each, separated by commas
	SessionKeyFile     string        `env:"SESSION_KEY_FILE"`
	SessionIdleTimeout time.Duration `env:"SESSION_IDLE_TIMEOUT"`
	SessionLifetime    time.Duration `env:"SESSION_LIFETIME"`

	TrustedProxies []string `env:"TRUSTED_PROXIES"` // CIDRs
	ForwardAuth    bool     `env:"FORWARD_AUTH"`    // serves GET /verify
	LogFormat      string   `env:"LOG_FORMAT"`      // text or json
	LogLevel       string   `env:"LOG_LEVEL"`       // debug, info, warn or error
	MetricsAddr    string   `env:"METRICS_ADDR"`    // off when empty

	// OpenTelemetry's specification defines these variables. Traces are off without
	// an endpoint or an exporter. The library itself reads more variables, but not
	// from .env.
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

	// Load sets the fields below from the variables.

	// Demo says that the program runs as a demo, with a provider of its own.
	Demo bool
	// NoPrompt is true if SIGN_IN_PROMPT is set to nothing. A sign-in then sends no
	// prompt.
	NoPrompt bool
	// Redirect is RedirectURI, parsed. It is nil if RedirectURI is malformed.
	Redirect *url.URL
	// Scopes is Scope, split at the spaces.
	Scopes []string
	// SessionKeys are the keys of SessionKey or SessionKeyFile, decoded. It is empty if
	// neither is set.
	SessionKeys [][]byte
	// Proxies is TrustedProxies, parsed.
	Proxies []netip.Prefix
	// Tracing configures the traces. It is nil if traces are off.
	Tracing *observe.TracerConfig
	// Hints are values that look like a mistake. The program starts with them.
	Hints []Problem

	options       Options
	lookup        Lookup
	storeVariable string // see StoreVariable
}

// Lookup returns the value of an environment variable. It returns false if the
// variable is not set.
type Lookup func(name string) (value string, set bool)

// Options tell Load how the program was started and which adapters it contains.
type Options struct {
	// Demo says that the program was started with -demo.
	Demo bool
	// Providers lists the providers with an adapter of their own, by the
	// OIDC_AUTHORITY that selects them. The function makes the adapter as a trial.
	// Its error says why the adapter cannot be used.
	Providers map[string]func(ports.Registration) error
	// Stores lists the schemes of SESSION_STORE. The function is nil if the store
	// has no warnings.
	Stores map[string]WarnOfStore
	// Mounts lists the paths of further handlers.
	Mounts []string
}

// WarnOfStore says what is dangerous about the address of a session store, and what
// to write instead. It returns empty texts if nothing is. The texts do not quote
// the address.
type WarnOfStore func(address string) (wrong, remedy string)

// Load reads the environment and the file .env in the working directory, and checks
// all values. The error is *Problems. It lists every problem at once, with its
// variable and its remedy, and quotes no value. With an error, Config has the
// values that could be read.
func Load(environment Lookup, options Options) (Config, error) {
	c := Config{
		ResponseMode:       "query",
		PushedRequests:     "auto",
		TokenRevocation:    "on",
		ListenAddr:         "localhost:3000",
		SessionIdleTimeout: time.Hour,
		SessionLifetime:    12 * time.Hour,
		LogFormat:          "text",
		LogLevel:           "info",

		Demo:    options.Demo,
		options: options,
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
		// An empty variable counts as not set. checkSignIn handles SIGN_IN_PROMPT, which
		// is different.
		if value = c.clean(f, value, &found); value != "" {
			values[f.variable] = value
		}
	}
	if err := env.ParseWithOptions(&c, env.Options{Environment: values}); err != nil {
		found.addParseErrors(err)
	}
	c.AllowedTenants = trimmed(c.AllowedTenants)
	c.AllowedSubjects = trimmed(c.AllowedSubjects)
	c.check(&found)
	found.offerDemo = !options.Demo && len(values) == 0
	if len(found.List) > 0 {
		return c, &found
	}
	return c, nil
}

// check sets the fields that Load derives from variables, and reports all problems.
func (c *Config) check(found *Problems) {
	c.checkListenAddr(found)
	c.checkBasePath(found)
	c.checkRedirectURI(found)
	c.checkSignIn(found)
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

// hint reports a value that looks like a mistake. The text does not quote it.
func (c *Config) hint(name, wrong, remedy string) {
	c.Hints = append(c.Hints, Problem{Name: name, Wrong: wrong, Remedy: remedy})
}

// field is a field of Config with the tag env.
type field struct {
	name     string
	variable string
	secret   bool
}

// fields returns the fields of Config with the tag env.
func fields() []field {
	var all []field
	for f := range reflect.TypeFor[Config]().Fields() {
		if variable := f.Tag.Get("env"); variable != "" {
			all = append(all, field{name: f.Name, variable: variable, secret: f.Tag.Get("secret") != ""})
		}
	}
	return all
}

// FormPost reports whether the provider sends the browser back with a POST request
// (OAuth 2.0 Form Post Response Mode).
func (c *Config) FormPost() bool { return c.ResponseMode == entra.ResponseModeFormPost }
