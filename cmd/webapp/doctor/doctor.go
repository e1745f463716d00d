// Package doctor checks everything that a sign-in needs, one thing after the
// other. It says what is wrong and how to correct it.
//
// Each check is a method of examination. The method steps lists them in order,
// with the earlier check that each one needs. A check changes nothing, except for
// one record in the session store, which it deletes again. A check prints no
// secret: its texts consist of fixed words, of names from the configuration, and
// of short excerpts of a server's response, escaped and cut.
package doctor

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
)

// Time limits of an examination.
const (
	checkLimit = 5 * time.Second  // of each check
	wholeLimit = 60 * time.Second // of all checks together
)

// Config says what the doctor examines. A field whose variable cannot be read is
// empty, and Problems names the variable. Checks that need the field are skipped.
type Config struct {
	// Problems keep the application from starting.
	Problems []config.Problem
	// Hints are values that look like a mistake. The application starts with them.
	Hints []config.Problem
	// Entra configures the identity provider. Run sets its Transport, Timeout and
	// Clock.
	Entra entra.Config
	// AuthorityVariable is the variable that names the provider, such as AUTHORITY.
	AuthorityVariable string
	// OwnAdapter says that the provider has an adapter of its own, because it has
	// no OpenID Connect discovery. The doctor cannot check its metadata, keys and
	// credential.
	OwnAdapter bool
	// RedirectURI and ListenAddr are the variables REDIRECT_URI and LISTEN_ADDR.
	RedirectURI string
	ListenAddr  string
	// OpenStore opens the session store. If it is nil, the check is skipped.
	OpenStore func(context.Context) (Store, error)
	// StoreScheme is the scheme of the store's address, such as redis, and
	// StoreVariable is SESSION_STORE or SESSION_STORE_FILE.
	StoreScheme   string
	StoreVariable string
	// KeysInFile is the number of session keys in SESSION_KEY_FILE. It is zero if the
	// variable is not set.
	KeysInFile int
	// Endpoint is the URL of the API. It is empty if no API is called.
	Endpoint string
	// BasePath is the variable BASE_PATH without a slash at its end.
	BasePath string
	// PublicURL is the origin of the running application. If it is nil, the
	// running application is not checked.
	PublicURL *url.URL

	// Now returns the time. Nil means time.Now.
	Now func() time.Time
	// Transport sends all requests. Nil means one that uses this system's root
	// certificates and the proxy from the environment.
	Transport *http.Transport
	// LookupHost looks up the addresses of a host. Nil means the system's resolver.
	LookupHost func(ctx context.Context, host string) ([]string, error)
}

// Store is a session store that can be closed.
type Store interface {
	ports.SessionStore
	Close() error
}

// Status is the result of a check.
type Status string

// The results of checks.
const (
	OK      Status = "ok"
	Warning Status = "warning" // sign-ins work, but something needs attention
	Failed  Status = "failed"  // sign-ins do not work, or not for everybody
	Skipped Status = "skipped" // not checked
)

// Check is one check and its result.
type Check struct {
	Name   string `json:"name"` // stable, for programs
	Status Status `json:"status"`
	// Summary is one sentence. Detail says what it means, and Remedy what to do.
	// Both are empty if the status is OK or Skipped, and can have several lines.
	Summary string `json:"summary"`
	Detail  string `json:"detail"`
	Remedy  string `json:"remedy"`
}

// Report lists all checks in the order in which they ran.
type Report struct {
	// OK says that no check failed.
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
}

// Run runs all checks and calls done after each one. It returns within a minute,
// or earlier if ctx ends.
func Run(ctx context.Context, cfg Config, done func(Check)) Report {
	ctx, cancel := context.WithTimeout(ctx, wholeLimit)
	defer cancel()
	x := newExamination(cfg)
	defer x.transport.CloseIdleConnections()
	report := Report{OK: true}
	for _, s := range x.steps() {
		check := x.perform(ctx, s)
		report.OK = report.OK && check.Status != Failed
		report.Checks = append(report.Checks, check)
		done(check)
	}
	return report
}

// examination is the state of one Run. It keeps the results that later checks
// need.
type examination struct {
	cfg       Config
	transport *http.Transport
	statuses  map[string]Status // by the name of the check

	authority  authority.Authority // set by authority-name
	connection *response           // set by authority-connection
	metadata   entra.MetadataExam  // set by metadata
	login      *response           // set by sign-in
}

func newExamination(cfg Config) *examination {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.LookupHost == nil {
		cfg.LookupHost = net.DefaultResolver.LookupHost
	}
	if cfg.Transport == nil {
		cfg.Transport = newTransport()
	}
	cfg.Entra.Transport = cfg.Transport
	cfg.Entra.Timeout = checkLimit
	cfg.Entra.Clock = cfg.Now
	return &examination{cfg: cfg, transport: cfg.Transport, statuses: make(map[string]Status)}
}

// The names of the checks.
const (
	nameConfiguration = "configuration"
	nameAuthority     = "authority-name"
	nameConnection    = "authority-connection"
	nameClock         = "clock"
	nameMetadata      = "metadata"
	nameKeys          = "keys"
	nameUserFlows     = "user-flows"
	nameCredential    = "credential"
	nameRedirectURI   = "redirect-uri"
	nameStore         = "session-store"
	namePublicURL     = "public-url"
	nameSignIn        = "sign-in"
	nameCookies       = "cookies"
	nameSizes         = "sizes"
	nameHeaders       = "headers"
	namePlainHTTP     = "plain-http"
	nameAPI           = "api"
)

// step is one check. It is skipped if the check in needs failed or was skipped.
type step struct {
	name  string
	needs string
	run   func(context.Context) Check
}

// steps lists all checks in the order in which a sign-in depends on them. It includes the
// check of further user flows only if some are configured.
func (x *examination) steps() []step {
	steps := []step{
		{nameConfiguration, "", x.checkConfiguration},
		{nameAuthority, "", x.checkAuthorityName},
		{nameConnection, nameAuthority, x.checkConnection},
		{nameClock, nameConnection, x.checkClock},
		{nameMetadata, nameConnection, x.checkMetadata},
		{nameKeys, nameMetadata, x.checkKeys},
		{nameCredential, nameMetadata, x.checkCredential},
		{nameRedirectURI, "", x.checkRedirectURI},
		{nameStore, "", x.checkStore},
		{namePublicURL, "", x.checkPublicURL},
		{nameSignIn, namePublicURL, x.checkSignIn},
		{nameCookies, nameSignIn, x.checkCookies},
		{nameSizes, namePublicURL, x.checkSizes},
		{nameHeaders, namePublicURL, x.checkHeaders},
		{namePlainHTTP, namePublicURL, x.checkPlainHTTP},
		{nameAPI, "", x.checkAPI},
	}
	if len(x.userFlows()) > 0 {
		after := slices.IndexFunc(steps, func(s step) bool { return s.name == nameKeys })
		steps = slices.Insert(steps, after+1, step{nameUserFlows, nameKeys, x.checkUserFlows})
	}
	return steps
}

// perform runs one check within its time limit, or skips it.
func (x *examination) perform(ctx context.Context, s step) Check {
	var c Check
	switch x.statuses[s.needs] {
	case Failed:
		c = skip("Not checked, because " + s.needs + " failed.")
	case Skipped:
		c = skip("Not checked, because " + s.needs + " was skipped.")
	default:
		ctx, cancel := context.WithTimeout(ctx, checkLimit)
		defer cancel()
		c = s.run(ctx)
	}
	c.Name = s.name
	x.statuses[s.name] = c.Status
	return c
}

func ok(summary string) Check { return Check{Status: OK, Summary: summary} }

func warn(summary, detail, remedy string) Check {
	return Check{Status: Warning, Summary: summary, Detail: detail, Remedy: remedy}
}

func fail(summary, detail, remedy string) Check {
	return Check{Status: Failed, Summary: summary, Detail: detail, Remedy: remedy}
}

func skip(summary string) Check { return Check{Status: Skipped, Summary: summary} }

// skipMisconfigured skips a check whose variable the check configuration has
// already reported.
func skipMisconfigured() Check {
	return skip("Not checked, because of a problem that configuration reports.")
}

// misconfigured reports whether one of the variables, or the file .env as a
// whole, has a problem.
func (x *examination) misconfigured(variables ...string) bool {
	for _, p := range x.cfg.Problems {
		for name := range strings.SplitSeq(p.Name, " and ") {
			for _, v := range variables {
				if name == v || name == config.DotEnv {
					return true
				}
			}
		}
	}
	return false
}
