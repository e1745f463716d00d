// Package doctor looks, one thing after the other, at everything that a sign-in
// needs, and says in plain words what is wrong and how to mend it.
//
// Each check is a method in a file of its own; (*examination).steps is their
// order and what each needs of those before it. A check changes nothing but one
// record of the session store, which it removes again, and prints no secret:
// texts are made of words of ours, of names that the configuration gives, and of
// little that the other side said, escaped and cut.
package doctor

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
)

// Bounds of an examination.
const (
	checkLimit = 5 * time.Second  // of each check
	wholeLimit = 60 * time.Second // of all together
)

// Config is what is to be examined. Fields that could not be read are left
// empty, with a Problem that names their variable; what depends on them is
// skipped.
type Config struct {
	// Problems are those that would keep the application from starting.
	Problems []config.Problem
	// Hints are what looks like a mistake and may be none.
	Hints []config.Problem
	// Entra is the identity provider's part of the configuration. Its
	// Transport, Timeout and Clock are set here.
	Entra entra.Config
	// OwnAdapter says that the provider is no OpenID Provider with discovery
	// and has an adapter of its own: there are no metadata, keys and credential
	// to be examined from here.
	OwnAdapter bool
	// RedirectURI is where people come back to, and ListenAddr where the
	// application listens.
	RedirectURI string
	ListenAddr  string
	// OpenStore opens the session store, of the kind that StoreScheme names;
	// nil skips it.
	OpenStore   func(context.Context) (Store, error)
	StoreScheme string
	// Endpoint is the API that is called for people; empty where there is none.
	Endpoint string
	// PublicURL is the origin at which the running application is reached;
	// nil leaves it alone.
	PublicURL *url.URL

	// Now tells the time; nil is time.Now.
	Now func() time.Time
	// Transport carries all requests; nil is one that trusts what this system
	// trusts and takes the proxy from the environment.
	Transport *http.Transport
	// LookupHost asks for a name's addresses; nil is the system's resolver.
	LookupHost func(ctx context.Context, host string) ([]string, error)
}

// Store is a session store that can be closed.
type Store interface {
	ports.SessionStore
	Close() error
}

// Status is the outcome of a check.
type Status string

// The outcomes.
const (
	OK      Status = "ok"
	Warning Status = "warning" // sign-ins work, but something should be seen to
	Failed  Status = "failed"  // sign-ins do not work, or not for everybody
	Skipped Status = "skipped" // not looked at
)

// Check is the outcome of one check.
type Check struct {
	Name   string `json:"name"` // stable, for machines
	Status Status `json:"status"`
	// Summary is one sentence. Detail says what it means and Remedy what to do;
	// both are empty where the status is OK, and may have several lines.
	Summary string `json:"summary"`
	Detail  string `json:"detail"`
	Remedy  string `json:"remedy"`
}

// Report is the outcome of all checks, in their order.
type Report struct {
	// OK says that nothing failed.
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
}

// Run makes all checks and hands each to done as soon as it has been made. It
// ends within a minute, whatever the network does; ctx may end it earlier.
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
	cfg.Entra.Transport, cfg.Entra.Timeout, cfg.Entra.Clock = cfg.Transport, checkLimit, cfg.Now
	return &examination{cfg: cfg, transport: cfg.Transport, outcome: make(map[string]Status)}
}

// examination is an examination under way: what is examined, and what earlier
// checks have learned for later ones.
type examination struct {
	cfg       Config
	transport *http.Transport
	outcome   map[string]Status

	authority  authority.Authority // authority-name
	connection *probe              // authority-connection
	metadata   entra.MetadataExam
	login      *probe // sign-in-page
}

// The names of the checks.
const (
	nameConfiguration = "configuration"
	nameAuthority     = "authority-name"
	nameConnection    = "authority-connection"
	nameClock         = "clock"
	nameMetadata      = "metadata"
	nameKeys          = "keys"
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

// step is one check, and those that must have gone well for it to make sense.
type step struct {
	name  string
	needs string
	run   func(context.Context) Check
}

// steps is the whole examination, in the order in which a sign-in needs things.
func (x *examination) steps() []step {
	return []step{
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
}

// perform makes one check within its time, or skips it.
func (x *examination) perform(ctx context.Context, s step) Check {
	var c Check
	switch x.outcome[s.needs] {
	case Failed:
		c = skip("Not looked at, because " + s.needs + " failed.")
	case Skipped:
		c = skip("Not looked at, because " + s.needs + " was skipped.")
	default:
		ctx, cancel := context.WithTimeout(ctx, checkLimit)
		defer cancel()
		c = s.run(ctx)
	}
	c.Name = s.name
	x.outcome[s.name] = c.Status
	return c
}

func ok(summary string) Check { return Check{Status: OK, Summary: summary} }

func warn(summary, detail, remedy string) Check { return Check{"", Warning, summary, detail, remedy} }

func fail(summary, detail, remedy string) Check { return Check{"", Failed, summary, detail, remedy} }

func skip(summary string) Check { return Check{Status: Skipped, Summary: summary} }

// skipBroken is the check of something that configuration could not read.
func skipBroken() Check { return skip("Not looked at, because of what configuration says.") }

// broken says whether the configuration has a problem with one of the
// variables.
func (x *examination) broken(variables ...string) bool {
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
