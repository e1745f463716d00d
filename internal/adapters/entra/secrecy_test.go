package entra_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
)

// assertNothingSecret checks that an error has no token, code, secret, name of a
// person or text of the provider.
func assertNothingSecret(t testing.TB, err error) {
	t.Helper()
	for _, secret := range []string{
		"eyJ", "1.AX", "1.AY", "@", "adele", "Adele", fakeidp.DefaultClientSecret,
		"code=", "code_verifier", "Trace ID", "http://", "https://",
	} {
		assert.NotContains(t, err.Error(), secret)
	}
}
