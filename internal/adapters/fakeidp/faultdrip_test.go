package fakeidp_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func TestADrippingAnswerNeverEndsByItself(t *testing.T) {
	idp := start(t)
	idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Drip: time.Millisecond, Body: `{"keys":`})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	ask := func(ctx context.Context) io.ReadCloser {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, idp.Authority("common")+"/discovery/v2.0/keys", nil)
		require.NoError(t, err)
		response, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response.Body
	}
	body := ask(ctx)
	start := make([]byte, 20)
	_, err := io.ReadFull(body, start)
	require.NoError(t, err)
	assert.Equal(t, `{"keys":            `, string(start))
	leave()
	_, err = io.ReadAll(body)
	require.ErrorIs(t, err, context.Canceled)

	body = ask(t.Context())
	idp.Heal()
	_, err = io.ReadAll(body)
	require.Error(t, err, "an answer that is cut off, and no whole one")
}

func TestAnAnswerFromElsewhere(t *testing.T) {
	idp := start(t)
	idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: http.StatusFound, Location: "https://elsewhere.example/keys"})
	r := get(t, idp.Authority("common")+"/discovery/v2.0/keys", "")
	assert.Equal(t, http.StatusFound, r.StatusCode)
	assert.Equal(t, "https://elsewhere.example/keys", r.Header.Get("Location"))
}
