package credential

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/oauth2"

	"webapp/internal/providerhttp"
	"webapp/internal/secretfile"
)

// maxSecretBytes bounds the file of a secret. Entra's secrets have 40 characters.
const maxSecretBytes = 4 << 10

// clientSecret is the application's password.
type clientSecret struct {
	secret  func(ctx context.Context) string
	expires time.Time // zero if it is not known
}

func newSecret(c Config) (clientSecret, error) {
	made := clientSecret{func(context.Context) string { return c.Secret }, c.SecretExpires}
	if c.Secret == "" {
		file, err := openSecretFile(c)
		if err != nil {
			return clientSecret{}, Problem{"SecretFile", err.Error()}
		}
		made.secret = file.Get
	}
	return made, nil
}

// Authenticate sends the secret in the header or in the form, as the metadata say. Trying
// both would send a code twice, and a code is valid once.
func (c clientSecret) Authenticate(ctx context.Context, e Endpoint, r *providerhttp.TokenRequest) error {
	r.Secret, r.AuthStyle = c.secret(ctx), oauth2.AuthStyleInHeader
	if e.SecretInForm {
		r.AuthStyle = oauth2.AuthStyleInParams
	}
	return nil
}

// Expiry returns the configured expiry.
func (c clientSecret) Expiry(context.Context) (time.Time, bool) {
	return c.expires, !c.expires.IsZero()
}

// UnknownYet returns false: Entra accepts a secret as soon as it is created.
func (clientSecret) UnknownYet(error) bool { return false }

func openSecretFile(c Config) (*secretfile.File[string], error) {
	return secretfile.Open(secretfile.Config[string]{
		Paths: []string{c.SecretFile}, What: "client secret", Limit: maxSecretBytes, Pause: c.Pause, Logger: c.Logger,
		Parse: func(files [][]byte) (string, error) {
			secret, err := secretfile.Value(files[0])
			if secretfile.InQuotes(secret) {
				c.Logger.Warn("the client secret is in quotation marks, which are sent as a part of it; unless they are meant, remove them from the file",
					slog.String("file", c.SecretFile))
			}
			return secret, err
		},
	})
}
