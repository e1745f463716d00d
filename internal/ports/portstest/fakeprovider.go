package portstest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"webapp/internal/ports"
)

// FakeProvider is an identity provider in memory, for tests of the domain and of
// inbound adapters. It has every optional ability except ports.ProviderAdmission and
// ports.CallbackErrorReader, and is safe for concurrent use.
type FakeProvider struct {
	now func() time.Time

	mu       sync.Mutex
	serial   int
	down     bool
	loaded   bool
	pushes   bool
	sealed   map[string]fakeSignIn // by secret
	codes    map[string]fakeCode
	refresh  map[string]bool
	revokes  bool
	revoked  []string        // refresh tokens, in the order of RevokeToken
	issued   map[string]bool // access tokens
	logouts  map[string]ports.LogoutToken
	groups   ports.Groups
	memberOf []string
	lookups  int
	// memberships are in the ID token of every refresh. gone makes refreshes fail.
	memberships *ports.Memberships
	gone        bool
	flows       []ports.Flow
	requests    []ports.AuthorizationRequest
	calls       int
	renewed     int
}

type fakeSignIn struct {
	nonce  string
	scopes []string
}

type fakeCode struct {
	nonce    string
	identity ports.Identity
}

// FakeIssuer is the issuer of a FakeProvider.
const FakeIssuer = "https://provider.example"

var _ ports.IdentityProvider = (*FakeProvider)(nil)

// NewFakeProvider returns a provider with the clock now.
func NewFakeProvider(now func() time.Time) *FakeProvider {
	return &FakeProvider{
		now:     now,
		sealed:  make(map[string]fakeSignIn),
		codes:   make(map[string]fakeCode),
		refresh: make(map[string]bool),
		issued:  make(map[string]bool),
		logouts: make(map[string]ports.LogoutToken),
	}
}

// Down makes calls that need the network fail (true) or work again (false).
func (f *FakeProvider) Down(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// Requests returns the argument of each call of Begin so far.
func (f *FakeProvider) Requests() []ports.AuthorizationRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// Completions returns the number of calls of Complete.
func (f *FakeProvider) Completions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Refreshes returns the number of calls of Refresh that reached the provider.
func (f *FakeProvider) Refreshes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.renewed
}

// RevokeRefreshTokens revokes all refresh tokens issued so far.
func (f *FakeProvider) RevokeRefreshTokens() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.refresh)
}

// Approve returns the callback after a person signed in as who. If issuer or subject is
// empty, Approve sets it.
func (f *FakeProvider) Approve(authorizationURL string, who ports.Identity) ports.Callback {
	f.mu.Lock()
	defer f.mu.Unlock()
	query := fakeQuery(authorizationURL)
	if who.Issuer == "" {
		who.Issuer = FakeIssuer
	}
	if who.Subject == "" {
		who.Subject = "subject-of-" + who.Name
	}
	code := f.next("code")
	f.codes[code] = fakeCode{nonce: query.Get("nonce"), identity: who}
	return ports.Callback{State: query.Get("state"), Code: code}
}

// Decline returns the callback after a person declined.
func (f *FakeProvider) Decline(authorizationURL string) ports.Callback {
	return ports.Callback{
		State:            fakeQuery(authorizationURL).Get("state"),
		Error:            "access_denied",
		ErrorDescription: "AADSTS65004: User declined to consent to access the app.",
		ErrorSubcode:     "cancel",
	}
}

func fakeQuery(text string) url.Values {
	_, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return url.Values{}
	}
	return values
}

// next returns a new unique value; f.mu is locked.
func (f *FakeProvider) next(kind string) string {
	f.serial++
	return fmt.Sprintf("%s-%d", kind, f.serial)
}

// reach returns an error if the provider is down or ctx has ended; f.mu is locked.
func (f *FakeProvider) reach(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, ctx.Err())
	}
	if f.down {
		return ports.ErrProviderUnavailable
	}
	f.loaded = true
	return nil
}

// Begin implements ports.IdentityProvider.
func (f *FakeProvider) Begin(ctx context.Context, req ports.AuthorizationRequest) (ports.Authorization, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, req)
	if !f.loaded || f.pushes {
		if err := f.reach(ctx); err != nil {
			return ports.Authorization{}, err
		}
	}
	secret, nonce := f.next("secret"), f.next("nonce")
	f.sealed[secret] = fakeSignIn{nonce: nonce, scopes: slices.Clone(req.Scopes)}
	query := url.Values{"state": {req.State}, "nonce": {nonce}}
	if req.Flow != ports.FlowSignIn {
		query.Set("flow", string(req.Flow))
	}
	if req.LoginHint == "" && req.Person.Subject == "" {
		query.Set("prompt", "select_account")
	}
	if req.MaxAge != nil {
		query.Set("max_age", strconv.Itoa(int(req.MaxAge.Seconds())))
	}
	for name, value := range map[string]string{
		"login_hint": req.LoginHint, "claims": req.Claims, "acr_values": strings.Join(req.ACRValues, " "),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return ports.Authorization{URL: FakeIssuer + "/authorize?" + query.Encode(), Secret: secret}, nil
}

// Complete implements ports.IdentityProvider.
func (f *FakeProvider) Complete(ctx context.Context, cb ports.Callback, secret string) (ports.SignedIn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	begun, known := f.sealed[secret]
	switch {
	case !known, cb.Issuer != "" && cb.Issuer != FakeIssuer:
		return ports.SignedIn{}, ports.ErrTokenRefused
	case cb.Error != "":
		return ports.SignedIn{}, fakeCallbackError(cb)
	case cb.Code == "":
		return ports.SignedIn{}, ports.ErrTokenRefused
	}
	if err := f.reach(ctx); err != nil {
		return ports.SignedIn{}, err
	}
	issued, known := f.codes[cb.Code]
	delete(f.codes, cb.Code)
	switch {
	case !known:
		return ports.SignedIn{}, fakeError("invalid_grant")
	case issued.nonce != begun.nonce:
		return ports.SignedIn{}, ports.ErrTokenRefused
	}
	return ports.SignedIn{Identity: issued.identity, Claims: fakeClaims(issued.identity), Tokens: f.tokens(issued, begun)}, nil
}

func fakeClaims(id ports.Identity) []ports.Claim {
	return []ports.Claim{
		{Name: "name", Value: id.Name},
		{Name: "sub", Value: id.Subject},
		{Name: "iss", Value: id.Issuer},
	}
}

// tokens returns the tokens of a sign-in; f.mu is locked.
func (f *FakeProvider) tokens(issued fakeCode, begun fakeSignIn) ports.Tokens {
	g := ports.Tokens{
		LoginHint:   "login-hint-of-" + issued.identity.Subject,
		SignOutHint: "hint-of-" + issued.identity.Subject,
		Nonce:       issued.nonce,
		Groups:      f.groups,
	}
	if len(begun.scopes) > 0 {
		g.AccessTokens = []ports.AccessToken{f.accessToken(begun.scopes)}
		g.RefreshToken = f.refreshToken()
	}
	return g
}

func (f *FakeProvider) accessToken(scopes []string) ports.AccessToken {
	token := f.next("access")
	f.issued[token] = true
	return ports.AccessToken{Value: token, Scopes: slices.Clone(scopes), Expires: f.now().Add(time.Hour)}
}

func (f *FakeProvider) refreshToken() string {
	token := f.next("refresh")
	f.refresh[token] = true
	return token
}

// fakeCallbackError returns the error of a callback. Azure AD B2C reports two events as
// access_denied that are not a refusal.
func fakeCallbackError(cb ports.Callback) *ports.ProviderError {
	e := fakeError(cb.Error)
	switch {
	case strings.HasPrefix(cb.ErrorDescription, "AADB2C90091"):
		e.Kind, e.B2CNumber = ports.ErrCancelled, 90091
	case strings.HasPrefix(cb.ErrorDescription, "AADB2C90118"):
		e.Kind, e.B2CNumber = ports.ErrPasswordForgotten, 90118
	}
	return e
}

// fakeError returns the error of a code with the kind that ports.ProviderError
// requires.
func fakeError(code string) *ports.ProviderError {
	kinds := map[string]error{
		"access_denied":              ports.ErrDeclined,
		"login_required":             ports.ErrInteractionRequired,
		"interaction_required":       ports.ErrInteractionRequired,
		"consent_required":           ports.ErrInteractionRequired,
		"account_selection_required": ports.ErrInteractionRequired,
		"server_error":               ports.ErrProviderUnavailable,
		"temporarily_unavailable":    ports.ErrProviderUnavailable,
		"invalid_grant":              ports.ErrProviderRefused,
		"invalid_request":            ports.ErrProviderRefused,
		"unauthorized_client":        ports.ErrProviderRefused,
	}
	kind, known := kinds[code]
	if !known {
		return &ports.ProviderError{Kind: ports.ErrProviderRefused, Code: "unrecognized_error"}
	}
	return &ports.ProviderError{Kind: kind, Code: code}
}
