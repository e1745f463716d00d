//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"webapp/internal/adapters/fakeidp"
)

// peer is another program that signs people in for applications behind a proxy.
type peer struct {
	program
	// verifyAim is the aim for the application's CPU time of GET /verify, as a share
	// of the peer's.
	verifyAim float64
}

// The peers and the commands that build them.
const (
	oauth2Proxy = "oauth2-proxy"
	wonderwall  = "wonderwall"

	peerCommands = `  GOBIN=DIR go install github.com/oauth2-proxy/oauth2-proxy/v7@latest
  git clone https://github.com/nais/wonderwall && cd wonderwall && go build -o DIR/wonderwall ./cmd/wonderwall`
)

// peers returns the peers whose binaries are in dir. All use the application's
// provider and client.
func peers(dir string, idp *providerProcess) []peer {
	const secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" // of the cookies: 32 bytes in base64
	all := []peer{
		{verifyAim: 0.2, program: program{name: oauth2Proxy, home: "/ping", login: "/oauth2/start", verify: "/oauth2/auth",
			settings: func(addr, origin string) (args, env []string) {
				return []string{
					"--http-address=" + addr, "--provider=oidc", "--oidc-issuer-url=" + idp.authority() + "/v2.0",
					"--client-id=" + fakeidp.DefaultClientID, "--client-secret=" + fakeidp.DefaultClientSecret,
					"--redirect-url=" + origin + "/oauth2/callback", "--scope=openid profile offline_access", "--code-challenge-method=S256", "--insecure-oidc-skip-nonce=false",
					"--oidc-email-claim=preferred_username", "--email-domain=*", "--set-xauthrequest", "--reverse-proxy",
					"--cookie-secret=" + secret, "--cookie-secure=false", "--upstream=static://202",
				}, nil
			}}},
		{verifyAim: 1.0 / 3, program: program{name: wonderwall, home: "/oauth2/login", login: "/oauth2/login", verify: "/oauth2/session/forwardauth",
			settings: func(addr, origin string) (args, env []string) {
				return []string{
					"--bind-address=" + addr, "--metrics-bind-address=", "--ingress=" + origin, "--upstream-host=" + addr,
					"--openid.well-known-url=" + idp.authority() + "/v2.0/.well-known/openid-configuration",
					"--openid.client-id=" + fakeidp.DefaultClientID, "--openid.client-secret=" + fakeidp.DefaultClientSecret, "--openid.scopes=profile,offline_access",
					"--session.forward-auth", "--ratelimit.enabled=false", "--cookie.secure=false", "--encryption-key=" + secret,
				}, nil
			}}},
	}
	var found []peer
	for _, p := range all {
		p.binary = filepath.Join(dir, p.name)
		if _, err := os.Stat(p.binary); dir != "" && err == nil {
			found = append(found, p)
		}
	}
	return found
}

// findPeers returns an error if dir is given and has no peer.
func findPeers(dir string) error {
	if dir != "" && len(peers(dir, nil)) == 0 {
		return fmt.Errorf("-peers: %s has neither %s nor %s; build them with\n%s", dir, oauth2Proxy, wonderwall, peerCommands)
	}
	return nil
}
