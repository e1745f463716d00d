package providerhttp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

func TestTheCodeDecidesTheKindOfAProviderError(t *testing.T) {
	for code, kind := range map[string]error{
		"access_denied":           ports.ErrDeclined,
		"login_required":          ports.ErrInteractionRequired,
		"consent_required":        ports.ErrInteractionRequired,
		"temporarily_unavailable": ports.ErrProviderUnavailable,
		"invalid_grant":           ports.ErrProviderRefused,
		"vendor.code-2":           ports.ErrProviderRefused,
	} {
		e := providerhttp.ProviderError(code)
		require.ErrorIs(t, e, kind, code)
		assert.Equal(t, code, e.Code)
	}
}

func TestATextInPlaceOfAnErrorCodeIsNotRepeated(t *testing.T) {
	for _, text := range []string{"", "Adele Vance", "adele@contoso.example", "a\nb", "é", "Adele", strings.Repeat("a", 65)} {
		e := providerhttp.ProviderError(text)
		require.ErrorIs(t, e, ports.ErrProviderRefused)
		assert.Equal(t, "unrecognized_error", e.Code, text)
	}
}
