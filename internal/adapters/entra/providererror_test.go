package entra

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/providerhttp"
)

const tenantA = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"

func TestProviderErrorForms(t *testing.T) {
	const id = "0F5D2B6E-1c47-4a83-9be2-7a60d3f1c851"
	e := newProviderError("access_denied", "AADSTS65004: The user adele@contoso.example declined.\r\nTrace ID: "+id+
		"\r\nCorrelation ID: "+id+"\r\nTimestamp: 2026-11-23 12:00:00Z")
	assert.Equal(t, 65004, e.Number)
	assert.Equal(t, id, e.TraceID)
	assert.Equal(t, id, e.CorrelationID)
	assert.Equal(t, "2026-11-23 12:00:00Z", e.Timestamp)

	e = newProviderError("a\nb", "AADSTS1: x AADSTSabc Correlation ID: "+id+"0 Timestamp: now")
	assert.Equal(t, "unrecognized_error", e.Code)
	assert.Zero(t, e.Number)
	assert.Empty(t, e.CorrelationID)
	assert.Empty(t, e.Timestamp)

	e = newProviderError("access_denied", "AADB2C90118: The user has forgotten their password.\r\nCorrelation ID: "+id+"\r\nTimestamp: 2026-09-20 18:16:31Z\r\n")
	assert.Equal(t, 90118, e.B2CNumber)
	assert.Zero(t, e.Number, "the same number means something else at Entra")
	assert.Equal(t, "AADB2C90118", e.NumberText())
	assert.Equal(t, id, e.CorrelationID)

	doc, err := providerhttp.ParseObject([]byte(`{"error":"invalid_grant","error_codes":[50173],"trace_id":"adele@contoso.example","claims":"no JSON"}`))
	require.NoError(t, err)
	e = tokenError(doc)
	assert.Equal(t, 50173, e.Number)
	assert.Empty(t, e.TraceID)
	assert.Empty(t, e.Claims)
}

func FuzzProviderError(f *testing.F) {
	f.Add("access_denied", "AADSTS65004: User declined. Trace ID: 0f5d2b6e-1c47-4a83-9be2-7a60d3f1c851 Timestamp: 2026-11-23 12:00:00Z")
	f.Add("access_denied", "AADB2C90118: The user has forgotten their password. Correlation ID: 0f5d2b6e-1c47-4a83-9be2-7a60d3f1c851")
	f.Add("", "")
	f.Add("x@y", "Correlation ID: x@y AADSTS99999999999999999999")
	f.Fuzz(func(t *testing.T, code, description string) {
		e := newProviderError(code, description)
		for _, text := range []string{e.Error(), e.CorrelationID, e.TraceID, e.Timestamp, e.Code} {
			assert.NotContains(t, text, "@")
			assert.NotContains(t, text, "\n")
			assert.Less(t, len(text), 200)
		}
		assert.NotNil(t, e.Kind)
	})
}
