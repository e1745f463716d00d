package doctor

import (
	"context"
	"net/http"
	"strings"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/authority"
)

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
