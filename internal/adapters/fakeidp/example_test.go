package fakeidp_test

import (
	"context"
	"fmt"
	"log"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
)

// A relying party with x/oauth2 and go-oidc signs a person in, without a browser
// and without access to other machines.
func Example() {
	idp, err := fakeidp.New(fakeidp.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := idp.Start("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	defer func() { _ = idp.Close() }()

	token, state, err := signIn(context.Background(), idp, fakeidp.UserAdmin)
	if err != nil {
		log.Fatal(err)
	}
	var claims struct {
		Name  string   `json:"name"`
		Roles []string `json:"roles"`
	}
	if err := token.Claims(&claims); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Name, claims.Roles, state)
	// Output: Megan Bowen [Admin] a-state
}

// signIn redirects to the provider, picks an account, redeems the code of the
// response and verifies the ID token.
func signIn(ctx context.Context, idp *fakeidp.Provider, username string) (token *oidc.IDToken, state string, err error) {
	provider, err := oidc.NewProvider(ctx, idp.Issuer(fakeidp.ContosoTenantID))
	if err != nil {
		return nil, "", err
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	party := oauth2.Config{
		ClientID: fakeidp.DefaultClientID, ClientSecret: fakeidp.DefaultClientSecret,
		RedirectURL: "http://localhost:3000/getAToken",
		Endpoint:    endpoint, Scopes: []string{oidc.ScopeOpenID, "profile"},
	}
	verifier := oauth2.GenerateVerifier()
	url := party.AuthCodeURL("a-state", oidc.Nonce("a-nonce"), oauth2.S256ChallengeOption(verifier))
	answer, err := idp.Authorize(url, username)
	if err != nil {
		return nil, "", err
	}
	tokens, err := party.Exchange(ctx, answer.Values.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, "", err
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err = provider.Verifier(&oidc.Config{ClientID: fakeidp.DefaultClientID}).Verify(ctx, raw)
	if err == nil && token.Nonce != "a-nonce" {
		err = fmt.Errorf("the nonce is not that of this sign-in")
	}
	return token, answer.Values.Get("state"), err
}
