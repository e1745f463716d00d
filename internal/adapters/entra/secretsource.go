package entra

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
)

// SecretSource returns a function that tells the client secret of c at each
// moment: ClientSecret, or what ClientSecretFile holds then. It is for adapters
// of other providers, whose secrets are to be read with the same care. It is an
// error where c has no usable secret, and not a matter of the network.
func (c Config) SecretSource() (func(ctx context.Context) string, error) {
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if c.Pause == nil {
		c.Pause = pause
	}
	if c.ClientSecret == "" && c.ClientSecretFile == "" {
		return nil, errors.New("the provider takes a client secret and no other credential")
	}
	made, err := newSecret(c)
	return made.secret, err
}
