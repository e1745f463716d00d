package credential

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The response of the host is a credential, so no proxy may see it.
func TestManagedIdentityIsAskedForWithoutAProxy(t *testing.T) {
	assert.Nil(t, identityTransport(Config{}).Proxy)
}

// FuzzParsePEM checks that no file causes a panic, and that an accepted key belongs to
// its certificate.
func FuzzParsePEM(f *testing.F) {
	for _, name := range []string{"plain-pkcs1.pem", "aes128-sha1.pem", "aes256-sha256.pem", "unknown-scrypt.pem", "old-dek-info.pem"} {
		data, err := os.ReadFile(filepath.Join("testdata", "certificates", name))
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parsePEM(data, "Pa55-of-the-tests")
		if err != nil {
			assert.NotContains(t, err.Error(), "MII")
			return
		}
		assert.True(t, c.key.PublicKey.Equal(c.leaf.PublicKey))
		_, err = c.sign("PS256", assertionClaims{})
		assert.NoError(t, err)
	})
}
