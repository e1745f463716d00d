package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxSecretBytes bounds a secret's file; Entra's secrets have 40 characters.
const maxSecretBytes = 4 << 10

// clientSecret is a password of the application.
type clientSecret struct {
	id      string
	secret  func(ctx context.Context) string
	expires time.Time // zero where nobody said
}

func newSecret(cfg Config) (clientSecret, error) {
	made := clientSecret{cfg.ClientID, func(context.Context) string { return cfg.ClientSecret }, cfg.ClientSecretExpires}
	if cfg.ClientSecret == "" {
		file, err := openSecretFile(cfg)
		if err != nil {
			return clientSecret{}, Problem{"ClientSecretFile", err.Error()}
		}
		made.secret = file.get
	}
	return made, nil
}

// authenticate sends the secret in the one way that the metadata name. Trying
// both would post a code twice and so burn it.
func (c clientSecret) authenticate(ctx context.Context, m metadata, form url.Values, header http.Header) error {
	secret := c.secret(ctx)
	if m.postSecret {
		form.Set("client_id", c.id)
		form.Set("client_secret", secret)
		return nil
	}
	// Both parts are form-encoded first (RFC 6749, section 2.3.1).
	req := http.Request{Header: header}
	req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(secret))
	return nil
}

func (c clientSecret) expiry(context.Context) (time.Time, bool) {
	return c.expires, !c.expires.IsZero()
}

func (clientSecret) unknownYet(error) bool { return false }

func openSecretFile(cfg Config) (*watchedFile[string], error) {
	return openWatched(cfg, &watchedFile[string]{
		path: cfg.ClientSecretFile, what: "client secret", limit: maxSecretBytes, private: true, parse: parseSecretFile,
	})
}

// parseSecretFile takes away the line end that editors and shells put behind
// the secret, and nothing else.
func parseSecretFile(data []byte) (string, error) {
	secret := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case strings.TrimSpace(secret) == "":
		return "", errors.New("is empty")
	case hasControl(secret):
		return "", errors.New("holds more than one line, or a control character")
	}
	return secret, nil
}
