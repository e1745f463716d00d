package portstest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// faultVariable names the fault of the adapter of TestAcmeKeepsTheContract or
// TestFakeProviderKeepsTheContract.
const faultVariable = "PORTSTEST_FAULT"

// TestIdentityProviderSuiteFindsFaults runs the suite in another process with an
// adapter that has one fault.
func TestIdentityProviderSuiteFindsFaults(t *testing.T) {
	for fault, caught := range map[string]string{
		"no time limit":          "Calls/each_has_a_time_limit",
		"unbounded body":         "Calls/an_answer_without_end_is_not_read_to_the_end",
		"follows redirects":      "Calls/no_redirect_is_followed",
		"posts a code twice":     "Calls/a_code_is_sent_once,_whatever_comes_back",
		"empty subject":          "Complete/an_empty_subject_is_refused",
		"no choice of account":   "Begin/without_a_hint_the_person_chooses_an_account",
		"no login hint":          "Begin/a_login_hint_goes_to_the_provider",
		"a choice anyway":        "Begin/a_person_who_is_signed_in_chooses_no_account",
		"a push in secret":       "Push/as_announced,_or_not_at_all",
		"no push":                "Push/as_announced,_or_not_at_all",
		"a push, then plain":     "Push/a_failure_is_a_failed_sign-in",
		"empty registration":     "New/an_incomplete_registration_is_refused",
		"a token without an end": "Complete/a_token_without_a_lifetime",
		"no sign-in flow":        "Flows/need_no_network",
		"a consent link of one":  "AdminConsent/anybody_can_be_given_the_address",
		"a consent link to any":  "AdminConsent/anybody_can_be_given_the_address",
		"a flow of another user": "Flows/name_the_same_person_as_a_sign-in",
	} {
		requireFound(t, "TestAcmeKeepsTheContract", fault, caught)
	}
	for fault, caught := range map[string]string{
		"no max_age":         "Begin/max_age_and_acr_values_go_to_the_provider",
		"no max_age of zero": "Begin/max_age_and_acr_values_go_to_the_provider",
		"no acr_values":      "Begin/max_age_and_acr_values_go_to_the_provider",
		"no auth_time":       "Complete/says_when_the_person_authenticated",
	} {
		requireFound(t, "TestFakeProviderKeepsTheContract", fault, caught)
	}
}

// requireFound runs the suite's test caught with an adapter that has this fault, and
// requires that it fails. test calls the suite.
func requireFound(t *testing.T, test, fault, caught string) {
	t.Helper()
	t.Run(fault, func(t *testing.T) {
		t.Parallel()
		only := "^" + test + "$/^" + strings.ReplaceAll(caught, "/", "$/^") + "$"
		suite := exec.CommandContext(t.Context(), os.Args[0], "-test.run", only)
		suite.Env = append(os.Environ(), faultVariable+"="+fault)
		report, err := suite.CombinedOutput()
		require.Error(t, err, "the suite finds no fault")
		assert.Contains(t, string(report), "--- FAIL: "+test+"/"+caught)
		assert.NotContains(t, string(report), "panic")
	})
}

// TestIdentityProviderSuiteFindsFaultsOfRevocation does the same with an adapter that
// revokes tokens.
func TestIdentityProviderSuiteFindsFaultsOfRevocation(t *testing.T) {
	for fault, caught := range map[string]string{
		"revokes nothing":              "Revocation/a_revoked_token_is_not_refreshed",
		"revokes everything":           "Revocation/a_revoked_token_is_not_refreshed",
		"revokes no unknown token":     "Revocation/a_token_that_is_not_valid",
		"an error quotes the token":    "Revocation/during_an_outage",
		"an outage is no error":        "Revocation/during_an_outage",
		"an outage turns revoking off": "Revocation/during_an_outage",
	} {
		requireFound(t, "TestFakeProviderKeepsTheContract", fault, caught)
	}
}

// RevokesTokens has the fault of an adapter that forgets what the metadata said.
func (f *faultyFake) RevokesTokens() bool {
	if f.fault == "an outage turns revoking off" && f.FakeProvider.RevokeToken(context.Background(), "probe") != nil {
		return false
	}
	return f.FakeProvider.RevokesTokens()
}

// RevokeToken has the faults of revocation.
func (f *faultyFake) RevokeToken(ctx context.Context, refreshToken string) error {
	switch f.fault {
	case "revokes nothing":
		return f.FakeProvider.RevokeToken(ctx, "probe")
	case "revokes everything":
		f.RevokeRefreshTokens()
	case "revokes no unknown token":
		if refreshToken == "never-issued" {
			return &ports.ProviderError{Kind: ports.ErrProviderRefused, Code: "invalid_token"}
		}
	}
	err := f.FakeProvider.RevokeToken(ctx, refreshToken)
	switch {
	case err != nil && f.fault == "an error quotes the token":
		return fmt.Errorf("%w: revoke %s", err, refreshToken)
	case f.fault == "an outage is no error":
		return nil
	}
	return err
}

// TestAcmeKeepsTheContract is an example of a small harness.
func TestAcmeKeepsTheContract(t *testing.T) {
	portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
		p := &acmeServer{subject: `"7"`, codes: map[string]string{}}
		return portstest.ProviderHarness{
			New: portstest.NewProvider(newAcme),
			Registration: ports.Registration{
				ClientID: "app", RedirectURI: "https://app.example.com/getAToken",
				ClientSecret: func(context.Context) string { return "secret" },
			},
			Transport: portstest.Serve(t, p),
			Approve:   p.approve, Decline: p.decline, Subject: p.setSubject, Scopes: []string{"read"},
			BeginsAlone: true, NoIDTokens: true,
		}
	})
}

// acmeServer is a fake provider without ID tokens.
type acmeServer struct {
	mu      sync.Mutex
	subject string            // JSON
	codes   map[string]string // challenges by code
}

func (p *acmeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/user" {
		subject := `"sub":` + p.subject + `,`
		if p.subject == "" {
			subject = ""
		}
		_, _ = io.WriteString(w, `{`+subject+`"name":"Adele Vance"}`)
		return
	}
	code := r.PostFormValue("code")
	if challenge, known := p.codes[code]; !known || challenge != r.PostFormValue("code_verifier") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
		return
	}
	delete(p.codes, code)
	_, _ = io.WriteString(w, `{"access_token":"`+rand.Text()+`","token_type":"Bearer","expires_in":3600}`)
}

func (p *acmeServer) approve(_ testing.TB, authorizationURL string) ports.Callback {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := acmeQuery(authorizationURL)
	code := rand.Text()
	p.codes[code] = q.Get("code_challenge")
	return ports.Callback{State: q.Get("state"), Code: code}
}

func (p *acmeServer) decline(_ testing.TB, authorizationURL string) ports.Callback {
	return ports.Callback{State: acmeQuery(authorizationURL).Get("state"), Error: "access_denied"}
}

func (p *acmeServer) setSubject(value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subject = value
}

func acmeQuery(text string) url.Values {
	_, query, _ := strings.Cut(text, "?")
	values, _ := url.ParseQuery(query)
	return values
}

// acme is an adapter that has at most one fault.
type acme struct {
	fault  string
	app    ports.Registration
	client *http.Client
	now    func() time.Time
	// another is set after Begin of a flow, with the fault "a flow of another user".
	another atomic.Bool
}

const acmeIssuer = "https://acme.example"

func newAcme(r ports.Registration, transport http.RoundTripper, now func() time.Time) (*acme, error) {
	a := &acme{fault: os.Getenv(faultVariable), app: r, now: now, client: &http.Client{Transport: transport}}
	if a.fault != "no time limit" {
		a.client.Timeout = 10 * time.Second
	}
	if a.fault != "follows redirects" {
		a.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	if a.fault != "empty registration" && (r.ClientID == "" || r.ClientSecret == nil || r.RedirectURI == "") {
		return nil, errors.New("the registration is incomplete")
	}
	return a, nil
}

func (a *acme) HasFlow(f ports.Flow) bool {
	return f == ports.FlowSignIn && a.fault != "no sign-in flow" || f == ports.FlowEditProfile
}

func (a *acme) AdminConsentURL(_ []string, tenant string) string {
	switch a.fault {
	case "a consent link of one":
		return acmeIssuer + "/consent?state=" + rand.Text()
	case "a consent link to any":
		return acmeIssuer + "/" + tenant
	}
	return acmeIssuer + "/consent"
}

// PushesRequests announces a push. Only some faults make one.
func (a *acme) PushesRequests() bool { return a.fault == "no push" || a.fault == "a push, then plain" }

func (a *acme) Begin(ctx context.Context, req ports.AuthorizationRequest) (ports.Authorization, error) {
	secret := rand.Text()
	a.another.Store(req.Flow != ports.FlowSignIn && a.fault == "a flow of another user")
	q := url.Values{"state": {req.State}, "code_challenge": {"v" + secret[1:]}}
	if a.fault == "a push in secret" || a.fault == "a push, then plain" {
		_ = a.call(ctx, http.MethodPost, "/par", strings.NewReader(q.Encode()), &struct{}{})
	}
	switch {
	case req.LoginHint != "" && a.fault != "no login hint":
		q.Set("login_hint", req.LoginHint)
	case req.Person.Subject != "" && a.fault != "a choice anyway":
	case a.fault != "no choice of account":
		q.Set("prompt", "select_account")
	}
	return ports.Authorization{URL: acmeIssuer + "/authorize?" + q.Encode(), Secret: secret + strings.Join(req.Scopes, " ")}, nil
}

func (a *acme) Complete(ctx context.Context, cb ports.Callback, secret string) (ports.SignedIn, error) {
	switch {
	case len(secret) < 26, cb.Issuer != "" && cb.Issuer != acmeIssuer:
		return ports.SignedIn{}, ports.ErrTokenRefused
	case cb.Error != "":
		return ports.SignedIn{}, acmeError(cb.Error)
	case cb.Code == "":
		return ports.SignedIn{}, ports.ErrTokenRefused
	}
	token, err := a.redeem(ctx, cb.Code, "v"+secret[1:26])
	if errors.Is(err, ports.ErrProviderUnavailable) && a.fault == "posts a code twice" {
		token, err = a.redeem(ctx, cb.Code, "v"+secret[1:26])
	}
	if err != nil {
		return ports.SignedIn{}, err
	}
	var user struct{ Sub, Name string }
	if err := a.call(ctx, http.MethodGet, "/user", nil, &user); err != nil {
		return ports.SignedIn{}, err
	}
	if user.Sub == "" && a.fault != "empty subject" {
		return ports.SignedIn{}, ports.ErrTokenRefused
	}
	if a.another.Load() {
		user.Sub += "0"
	}
	in := ports.SignedIn{
		Identity: ports.Identity{Issuer: acmeIssuer, Subject: user.Sub, Name: user.Name},
		Claims:   []ports.Claim{{Name: "iss", Value: acmeIssuer}, {Name: "sub", Value: user.Sub}},
	}
	if scopes := strings.Fields(secret[26:]); len(scopes) > 0 {
		token.Scopes = scopes
		in.Tokens.AccessTokens = []ports.AccessToken{token}
	}
	return in, nil
}

func (a *acme) redeem(ctx context.Context, code, verifier string) (ports.AccessToken, error) {
	var token struct {
		Value     string `json:"access_token"`
		ExpiresIn int    `json:"expires_in"`
	}
	form := url.Values{"code": {code}, "code_verifier": {verifier}, "client_secret": {a.app.ClientSecret(ctx)}}
	if err := a.call(ctx, http.MethodPost, "/token", strings.NewReader(form.Encode()), &token); err != nil {
		return ports.AccessToken{}, err
	}
	if token.ExpiresIn == 0 && a.fault != "a token without an end" {
		token.ExpiresIn = 3600
	}
	return ports.AccessToken{Value: token.Value, Expires: a.now().Add(time.Duration(token.ExpiresIn) * time.Second)}, nil
}

// call makes one request and decodes the JSON response into answer.
func (a *acme) call(ctx context.Context, method, path string, form io.Reader, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, acmeIssuer+path, form)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: the call failed", ports.ErrProviderUnavailable)
	}
	defer func() { _ = resp.Body.Close() }()
	body := io.LimitReader(resp.Body, 1<<20)
	if a.fault == "unbounded body" {
		body = resp.Body
	}
	text, err := io.ReadAll(body)
	switch {
	case err != nil, resp.StatusCode >= http.StatusMultipleChoices && resp.StatusCode != http.StatusBadRequest:
		return fmt.Errorf("%w: status %d", ports.ErrProviderUnavailable, resp.StatusCode)
	case resp.StatusCode == http.StatusBadRequest:
		return acmeError("invalid_grant")
	}
	if json.NewDecoder(bytes.NewReader(text)).Decode(answer) != nil {
		return fmt.Errorf("%w: the answer is no JSON", ports.ErrProviderUnavailable)
	}
	return nil
}

func acmeError(code string) error {
	kind, known := map[string]error{
		"access_denied": ports.ErrDeclined, "server_error": ports.ErrProviderUnavailable,
		"temporarily_unavailable": ports.ErrProviderUnavailable, "login_required": ports.ErrInteractionRequired,
		"interaction_required": ports.ErrInteractionRequired, "consent_required": ports.ErrInteractionRequired,
		"account_selection_required": ports.ErrInteractionRequired, "invalid_grant": ports.ErrProviderRefused,
		"invalid_request": ports.ErrProviderRefused, "unauthorized_client": ports.ErrProviderRefused,
	}[code]
	if !known {
		kind, code = ports.ErrProviderRefused, "unrecognized_error"
	}
	return &ports.ProviderError{Kind: kind, Code: code}
}
