package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/cmd/webapp/config"
)

// TestStoresThatCanBeListenedToAreHintedAt asks the real stores.
func TestStoresThatCanBeListenedToAreHintedAt(t *testing.T) {
	for address, hinted := range map[string]bool{
		"redis://:S3cret@cache.example":                         true,
		"redis+cluster://cache.example":                         true,
		"redis+sentinel://cache.example/main":                   true,
		"postgres://me:S3cret@db.example/app?sslmode=require":   true,
		"postgresql://me:S3cret@db.example/app?sslmode=disable": true,
		"rediss://:S3cret@cache.example":                        false,
		"unix:///run/redis.sock":                                false,
		"redis://localhost":                                     false,
		"postgres://me:S3cret@db.example/app":                   false,
		"postgres://me:S3cret@localhost/app?sslmode=disable":    false,
		"postgres://me:S3cret@/app?host=/run/postgresql":        false,
		"sqlite:/tmp/sessions.db":                               false,
	} {
		vars := map[string]string{
			"OIDC_AUTHORITY": "https://idp.example", "CLIENT_ID": "id", "CLIENT_SECRET": "secret",
			"SESSION_STORE": address, "SESSION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
		}
		c, err := config.Load(func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, configOptions(false))
		require.NoError(t, err, address)
		var wrong []string
		for _, h := range c.Hints {
			if h.Name == "SESSION_STORE" {
				wrong = append(wrong, h.Wrong)
				assert.NotEmpty(t, h.Remedy)
				assert.NotContains(t, h.Wrong+h.Remedy, "S3cret")
				assert.NotContains(t, h.Wrong+h.Remedy, "example")
			}
		}
		assert.Equal(t, hinted, len(wrong) == 1, "%s: %v", address, wrong)
	}
}
