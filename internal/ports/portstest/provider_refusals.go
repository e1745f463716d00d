package portstest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func refusalTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Complete/declined", refuseDeclined},
		{"Complete/error codes decide the kind", refuseByCode},
		{"Complete/no error quotes the provider", refuseQuietly},
		{"Complete/a callback works once", refuseSecondUse},
		{"Complete/another sign-in's secret", refuseForeignSecret},
		{"Complete/a secret that Begin never gave", refuseInventedSecret},
		{"Complete/a callback without a code", refuseEmptyCallback},
		{"Complete/a code that was never issued", refuseInventedCode},
		{"Complete/another issuer is refused before use", refuseForeignIssuer},
		{"Complete/an empty subject is refused", refuseEmptySubject},
	}
}

// refusedBy calls Complete, requires an error without an identity, and returns the error.
func refusedBy(t testing.TB, h *providerTest, cb ports.Callback, secret string) error {
	t.Helper()
	in, err := h.Provider.Complete(t.Context(), cb, secret)
	require.Error(t, err)
	assert.Zero(t, in)
	return err
}

func refuseDeclined(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	err := refusedBy(t, h, h.Decline(t, a.URL), a.Secret)
	require.ErrorIs(t, err, ports.ErrDeclined)
	reported, ok := errors.AsType[*ports.ProviderError](err)
	require.True(t, ok)
	assert.Equal(t, "access_denied", reported.Code)
}

func refuseByCode(t *testing.T, h *providerTest) {
	for code, kind := range map[string]error{
		"access_denied":              ports.ErrDeclined,
		"login_required":             ports.ErrInteractionRequired,
		"interaction_required":       ports.ErrInteractionRequired,
		"consent_required":           ports.ErrInteractionRequired,
		"account_selection_required": ports.ErrInteractionRequired,
		"server_error":               ports.ErrProviderUnavailable,
		"temporarily_unavailable":    ports.ErrProviderUnavailable,
		"invalid_request":            ports.ErrProviderRefused,
		"unauthorized_client":        ports.ErrProviderRefused,
		"something_new":              ports.ErrProviderRefused,
	} {
		cb := h.Decline(t, beginSignIn(t, h).URL)
		cb.Error, cb.ErrorDescription, cb.ErrorSubcode = code, "", ""
		assert.ErrorIs(t, refusedBy(t, h, cb, beginSignIn(t, h).Secret), kind, code)
	}
}

func refuseQuietly(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	cb := h.Decline(t, a.URL)
	cb.ErrorDescription = "AADSTS50020: User account adele@contoso.example does not exist. Correlation ID: adele@contoso.example"
	assert.NotContains(t, refusedBy(t, h, cb, a.Secret).Error(), "adele")
	cb.Error = "adele@contoso.example"
	assert.NotContains(t, refusedBy(t, h, cb, a.Secret).Error(), "adele")
}

func refuseSecondUse(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	cb := h.Approve(t, a.URL)
	_, err := h.Provider.Complete(t.Context(), cb, a.Secret)
	require.NoError(t, err)
	refusedBy(t, h, cb, a.Secret)
}

func refuseForeignSecret(t *testing.T, h *providerTest) {
	mine, theirs := beginSignIn(t, h), beginSignIn(t, h)
	refusedBy(t, h, h.Approve(t, theirs.URL), mine.Secret)
}

func refuseInventedSecret(t *testing.T, h *providerTest) {
	for _, secret := range []string{"", ".", "..", "x", "x.y.z", "\x00"} {
		a := beginSignIn(t, h)
		assert.ErrorIs(t, refusedBy(t, h, h.Approve(t, a.URL), secret), ports.ErrTokenRefused)
	}
}

func refuseEmptyCallback(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	assert.ErrorIs(t, refusedBy(t, h, ports.Callback{State: suiteState}, a.Secret), ports.ErrTokenRefused)
}

func refuseInventedCode(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	err := refusedBy(t, h, ports.Callback{State: suiteState, Code: "never-issued"}, a.Secret)
	assert.NotContains(t, err.Error(), "never-issued")
}

// refuseForeignIssuer checks that the adapter compares iss (RFC 9207) before it posts the
// code: the same code still works afterwards.
func refuseForeignIssuer(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	good := h.Approve(t, a.URL)
	bad := good
	bad.Issuer = "https://attacker.example"
	assert.ErrorIs(t, refusedBy(t, h, bad, a.Secret), ports.ErrTokenRefused)
	_, err := h.Provider.Complete(t.Context(), good, a.Secret)
	assert.NoError(t, err)
}

func refuseEmptySubject(t *testing.T, h *providerTest) {
	if h.InMemory {
		return
	}
	for _, value := range []string{"", "null", `""`} {
		h.Subject(value)
		a := beginSignIn(t, h)
		in, err := h.Provider.Complete(t.Context(), h.Approve(t, a.URL), a.Secret)
		assert.ErrorIs(t, err, ports.ErrTokenRefused, "subject %q", value)
		assert.Zero(t, in)
	}
}
