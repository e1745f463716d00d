package credential

import (
	"context"
	"errors"
	"strings"
	"time"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
	"webapp/internal/secretfile"
)

const (
	maxTokenFileBytes = 32 << 10
	tokenFileSegments = 3
)

// outsideToken sends a token of another issuer unchanged as the client
// assertion (workload identity federation).
type outsideToken struct {
	token func(ctx context.Context) (string, error)
}

// Authenticate sends the token.
func (o outsideToken) Authenticate(ctx context.Context, e Endpoint, r *providerhttp.TokenRequest) error {
	if err := e.check(); err != nil {
		return err
	}
	token, err := o.token(ctx)
	if err != nil {
		return err
	}
	sendAssertion(r, token)
	return nil
}

// Expiry returns false: the platform renews the token.
func (outsideToken) Expiry(context.Context) (time.Time, bool) { return time.Time{}, false }

// UnknownYet finds the answers "no matching federated identity record", which
// some of Entra's servers give for a while after the record was made. Here
// alone a number decides: the codes that come with it (invalid_request,
// invalid_client) come with everything else too. The client has not been
// authenticated then, so the server has not looked at a code in the request
// (RFC 6749, section 4.1.3) and it can be sent again.
func (outsideToken) UnknownYet(err error) bool {
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

func openTokenFile(c Config) (*secretfile.File[string], error) {
	return secretfile.Open(secretfile.Config[string]{
		Paths: []string{c.FederatedTokenFile}, What: "federated token", Limit: maxTokenFileBytes, Pause: c.Pause, Logger: c.Logger,
		Parse: func(files [][]byte) (string, error) { return parseTokenFile(files[0]) },
	})
}

// parseTokenFile reads a token in the form of a JWT and judges nothing else: the
// token is for Entra to verify. Blanks and quotation marks cannot be a part of
// it, so they are removed.
func parseTokenFile(data []byte) (string, error) {
	text, err := secretfile.Text(data)
	if err != nil {
		return "", err
	}
	token := strings.Trim(text, " \t\r\n\"'")
	if strings.HasPrefix(token, "{") {
		return "", errors.New("holds a JSON object: write the token alone, which begins with eyJ")
	}
	segments := strings.Split(token, ".")
	for _, segment := range segments {
		if len(segments) != tokenFileSegments || segment == "" || strings.ContainsFunc(segment, notBase64URL) {
			return "", errors.New("does not hold a signed token (JWT)")
		}
	}
	return token, nil
}

func notBase64URL(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
