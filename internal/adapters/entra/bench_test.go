package entra_test

import (
	"bytes"
	"context"
	"crypto"
	"io"
	"net/http"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/test/rsakeys"
)

// rawIDToken signs in and returns the raw ID token, with a go-oidc verifier that
// accepts it.
func rawIDToken(t testing.TB) (w world, raw string, verifier *oidc.IDTokenVerifier) {
	w = newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	raw = w.mustSignIn(t, fakeidp.UserMember).Tokens.SignOutHint
	keys := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{rsakeys.Key(0).Public()}}
	config := &oidc.Config{ClientID: fakeidp.DefaultClientID, Now: w.clock.Now}
	return w, raw, oidc.NewVerifier(w.idp.Issuer(fakeidp.ContosoTenantID), keys, config)
}

// BenchmarkVerify measures one Verify of go-oidc, to compare with
// BenchmarkCompleteSignIn.
func BenchmarkVerify(b *testing.B) {
	_, raw, verifier := rawIDToken(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verifier.Verify(context.Background(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompleteSignIn measures Complete over loopback, including the provider's
// signature.
func BenchmarkCompleteSignIn(b *testing.B) {
	w := contoso(b)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		a := w.begin(b)
		cb := w.approve(b, a.URL, fakeidp.UserMember)
		b.StartTimer()
		complete(b, w, cb, a.Secret)
	}
}

func complete(b *testing.B, w world, cb ports.Callback, secret string) {
	if _, err := w.provider.Complete(context.Background(), cb, secret); err != nil {
		b.Fatal(err)
	}
}

// recorder keeps the last response of each path. With replay it returns that response
// and sends no request.
type recorder struct {
	next    http.RoundTripper
	replay  bool
	answers map[string][]byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.replay {
		return &http.Response{
			StatusCode: http.StatusOK, Header: make(http.Header), Request: req,
			Body: io.NopCloser(bytes.NewReader(r.answers[req.URL.Path])),
		}, nil
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	r.answers[req.URL.Path] = body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

// BenchmarkCompleteAlone measures Complete without the provider: the responses are
// replayed.
func BenchmarkCompleteAlone(b *testing.B) {
	r := &recorder{next: http.DefaultTransport, answers: make(map[string][]byte)}
	w := newWorld(b, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Transport = r })
	a := w.begin(b)
	cb := w.approve(b, a.URL, fakeidp.UserMember)
	complete(b, w, cb, a.Secret)
	r.replay = true
	b.ReportAllocs()
	for b.Loop() {
		complete(b, w, cb, a.Secret)
	}
}
