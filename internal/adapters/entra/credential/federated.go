package credential

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
	"webapp/internal/secretfile"
)

const maxTokenFileBytes = 32 << 10

// assertionToken is a token of another issuer. It is sent unchanged as the client assertion
// (workload identity federation).
type assertionToken struct {
	token func(ctx context.Context) (string, error)
}

// Authenticate adds the current token.
func (a assertionToken) Authenticate(ctx context.Context, e Endpoint, r *providerhttp.TokenRequest) error {
	if err := e.requireAssertions(); err != nil {
		return err
	}
	token, err := a.token(ctx)
	if err != nil {
		return err
	}
	addAssertion(r, token)
	return nil
}

// Expiry returns false: the platform renews the token.
func (assertionToken) Expiry(context.Context) (time.Time, bool) { return time.Time{}, false }

// UnknownYet reports whether Entra found no matching federated identity record. Some of
// Entra's servers report that for a while after the record was created. The number has to
// decide here, because the error codes are invalid_request and invalid_client. The server
// has not authenticated the client and so has not looked at an authorization code (RFC
// 6749, section 4.1.3): the request can be sent again.
func (assertionToken) UnknownYet(err error) bool {
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

// parseTokenFile reads a token and checks only that it has the form of a JWT: Entra
// verifies it. It removes blanks and quotation marks around the token, which cannot be a
// part of it.
func parseTokenFile(data []byte) (string, error) {
	text, err := secretfile.Text(data)
	if err != nil {
		return "", err
	}
	token := strings.Trim(text, " \t\r\n\"'")
	if strings.HasPrefix(token, "{") {
		return "", errors.New("holds a JSON object: write the token alone, which begins with eyJ")
	}
	if !jwtForm.MatchString(token) {
		return "", errors.New("does not hold a signed token (JWT)")
	}
	return token, nil
}

// jwtForm matches a JWS in the compact form (RFC 7515, section 3.1).
var jwtForm = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
