package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// bareSignIn is a sign-in with x/oauth2 and go-oidc only. It keeps pending sign-ins
// in a map and verifies the ID token, but starts no session.
type bareSignIn struct {
	oauth    *oauth2.Config
	verifier *oidc.IDTokenVerifier

	mu      sync.Mutex
	pending map[string]pendingSignIn // by state
}

type pendingSignIn struct{ nonce, verifier string }

func newBareSignIn(ctx context.Context, p provider) (*bareSignIn, error) {
	discovered, err := oidc.NewProvider(ctx, p.authority+"/v2.0")
	if err != nil {
		return nil, err
	}
	b := &bareSignIn{
		oauth: &oauth2.Config{
			ClientID: p.clientID, ClientSecret: p.secret, Endpoint: discovered.Endpoint(), RedirectURL: redirectURI,
			Scopes: []string{oidc.ScopeOpenID, "profile", oidc.ScopeOfflineAccess, "User.Read"},
		},
		verifier: discovered.Verifier(&oidc.Config{ClientID: p.clientID}),
		pending:  map[string]pendingSignIn{},
	}
	// The application uses the same style. Without it, the library would first try
	// the other style.
	b.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	return b, nil
}

func (b *bareSignIn) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", b.login)
	mux.HandleFunc("GET /getAToken", b.callback)
	return mux
}

func (b *bareSignIn) login(w http.ResponseWriter, _ *http.Request) {
	state, p := rand.Text(), pendingSignIn{rand.Text(), oauth2.GenerateVerifier()}
	b.mu.Lock()
	b.pending[state] = p
	b.mu.Unlock()
	w.Header().Set("Location", b.oauth.AuthCodeURL(state, oidc.Nonce(p.nonce), oauth2.S256ChallengeOption(p.verifier)))
	w.WriteHeader(http.StatusSeeOther)
}

func (b *bareSignIn) callback(w http.ResponseWriter, r *http.Request) {
	if err := b.complete(r); err != nil {
		http.Error(w, "the sign-in has failed", http.StatusBadRequest)
		return
	}
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
}

func (b *bareSignIn) complete(r *http.Request) error {
	state := r.FormValue("state")
	b.mu.Lock()
	p, ok := b.pending[state]
	delete(b.pending, state)
	b.mu.Unlock()
	if !ok {
		return errors.New("unknown state")
	}
	token, err := b.oauth.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(p.verifier))
	if err != nil {
		return err
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := b.verifier.Verify(r.Context(), raw)
	if err != nil {
		return err
	}
	if verified.Nonce != p.nonce {
		return errors.New("wrong nonce")
	}
	return nil
}

// verification signs a person in and returns a function that verifies the ID token
// with cached keys. Every sign-in needs this step.
func (b *bareSignIn) verification(ctx context.Context, idp *providerProcess) (func() error, error) {
	verifier := oauth2.GenerateVerifier()
	text, err := idp.approve(b.oauth.AuthCodeURL("state", oidc.Nonce("nonce"), oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		return nil, err
	}
	answer, err := url.ParseQuery(text)
	if err != nil {
		return nil, err
	}
	token, err := b.oauth.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("the provider sent no ID token")
	}
	verify := func() error {
		_, err := b.verifier.Verify(ctx, raw)
		return err
	}
	return verify, verify()
}
