package main

import (
	"context"
	"errors"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// verification signs somebody in and returns what verifies that ID token, the
// keys at hand: the part of a sign-in that nobody can leave out.
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
