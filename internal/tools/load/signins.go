//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/session/memory"
)

const (
	// signInsAtOnce is the number of concurrent callbacks.
	signInsAtOnce = 32
	// signInsInTurn is the number of callbacks of one turn. A turn of fewer would be so
	// short that cold caches count. More would reach the limit of sign-ins a minute.
	signInsInTurn = 4 * signInsAtOnce
)

// measureSignIns compares the CPU time of a sign-in from the callback on, with the
// token request and the session, with one Verify of go-oidc with cached keys, which
// every sign-in needs.
func measureSignIns(ctx context.Context, o options, r *report) error {
	idp, err := startProvider()
	if err != nil {
		return err
	}
	defer idp.stop()
	store := memory.New(time.Now)
	defer func() { _ = store.Close() }()
	app, err := newApplication(store, idp.app(), time.Now)
	if err != nil {
		return err
	}
	verify, err := verification(ctx, idp)
	if err != nil {
		return err
	}
	callbacks := func() (float64, error) {
		requests := make([]*http.Request, signInsInTurn)
		for i := range requests {
			if requests[i], err = beginSignIn(app.handler, idp); err != nil {
				return 0, err
			}
		}
		return cpuOf(signInsInTurn, atOnce(func(i int) error { return expectRedirect(app.handler, requests[i], newResponse()) }))()
	}
	all, err := alternate(ctx, o.rounds, callbacks, cpuOf(signInsInTurn, atOnce(func(int) error { return verify() })))
	if err != nil {
		return err
	}
	r.add(row{"sign-in from the callback on, 32 at once, CPU", all[0].median(), "µs", "one Verify of go-oidc", all[1].median(), all[0].over(all[1]), atMost(5.5)})
	return nil
}

// atOnce returns a function that calls f for each number below signInsInTurn, always
// signInsAtOnce of them concurrently.
func atOnce(f func(i int) error) func() error {
	return func() error {
		errs := make([]error, signInsInTurn)
		for from := 0; from < signInsInTurn; from += signInsAtOnce {
			var all sync.WaitGroup
			for i := from; i < from+signInsAtOnce; i++ {
				all.Go(func() { errs[i] = f(i) })
			}
			all.Wait()
		}
		return errors.Join(errs...)
	}
}

// beginSignIn requests /login, acts as the person at the provider and returns the
// request of the callback.
func beginSignIn(h http.Handler, idp *providerProcess) (*http.Request, error) {
	w := newResponse()
	if err := expectRedirect(h, newRequest("/login", ""), w); err != nil {
		return nil, err
	}
	query, err := idp.approve(w.header.Get("Location"))
	callback := newRequest("/getAToken", cookies(w.header))
	callback.URL = &url.URL{Path: "/getAToken", RawQuery: query}
	return callback, err
}

func expectRedirect(h http.Handler, r *http.Request, w *response) error {
	h.ServeHTTP(w, r)
	if w.status != http.StatusSeeOther {
		return fmt.Errorf("%s returned %d", r.URL.Path, w.status)
	}
	return nil
}

// verification signs a person in with x/oauth2 and returns a function that verifies
// the ID token.
func verification(ctx context.Context, idp *providerProcess) (func() error, error) {
	p := idp.app()
	discovered, err := oidc.NewProvider(ctx, p.authority+"/v2.0")
	if err != nil {
		return nil, err
	}
	client := &oauth2.Config{ClientID: p.clientID, ClientSecret: p.secret, Endpoint: discovered.Endpoint(), RedirectURL: redirectURI, Scopes: []string{oidc.ScopeOpenID}}
	verifier := oauth2.GenerateVerifier()
	text, err := idp.approve(client.AuthCodeURL("state", oidc.Nonce("nonce"), oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		return nil, err
	}
	answer, err := url.ParseQuery(text)
	if err != nil {
		return nil, err
	}
	token, err := client.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	idTokens := discovered.Verifier(&oidc.Config{ClientID: p.clientID})
	verify := func() error {
		_, err := idTokens.Verify(ctx, raw)
		return err
	}
	return verify, verify()
}
