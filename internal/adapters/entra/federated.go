package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"webapp/internal/ports"
)

const (
	maxTokenFileBytes = 32 << 10
	unknownYetPause   = time.Second
	tokenFileSegments = 3
)

// outsideToken sends a token of another issuer unchanged as the client
// assertion (workload identity federation).
type outsideToken struct {
	id    string
	token func(ctx context.Context) (string, error)
	rule  assertionRule
}

func (o outsideToken) authenticate(ctx context.Context, m metadata, form url.Values, _ http.Header) error {
	if err := o.rule.check(m); err != nil {
		return err
	}
	token, err := o.token(ctx)
	if err != nil {
		return err
	}
	sendAssertion(form, o.id, token)
	return nil
}

func (outsideToken) expiry(context.Context) (time.Time, bool) { return time.Time{}, false }

// unknownYet finds the answers "no matching federated identity record", which
// some of Entra's servers give for a while after the record was made. Here
// alone a number decides: the codes that come with it (invalid_request,
// invalid_client) come with everything else too. The client has not been
// authenticated then, so the server has not looked at a code in the request
// (RFC 6749, section 4.1.3) and it can be sent again.
func (outsideToken) unknownYet(err error) bool {
	e, ok := errors.AsType[*ports.ProviderError](err)
	if !ok || e.Kind != ports.ErrProviderRefused {
		return false
	}
	switch e.Number {
	case 70021, 700211, 700212, 700213:
		return true
	}
	return false
}

func openTokenFile(cfg Config) (*watchedFile[string], error) {
	return openWatched(cfg, &watchedFile[string]{
		path: cfg.FederatedTokenFile, what: "federated token", limit: maxTokenFileBytes, parse: parseTokenFile,
	})
}

// parseTokenFile wants the form of a JWT and judges nothing else: the token is
// for Entra to verify.
func parseTokenFile(data []byte) (string, error) {
	token := strings.TrimSpace(string(data))
	segments := strings.Split(token, ".")
	for _, segment := range segments {
		if len(segments) != tokenFileSegments || segment == "" || strings.ContainsFunc(segment, notBase64URL) {
			return "", errors.New("does not hold a signed token (JWT)")
		}
	}
	return token, nil
}
