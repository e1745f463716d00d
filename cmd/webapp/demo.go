package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/url"

	"webapp/internal/adapters/fakeidp"
)

// startDemo starts the demo provider on this machine and points the settings
// at it. The provider and its accounts end with stop.
func (s *settings) startDemo(listener net.Listener) (stop func(), err error) {
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil || !isLoopback(host) {
		return nil, fmt.Errorf("webapp -demo must listen on this machine alone, but LISTEN_ADDR led elsewhere; use localhost:3000")
	}
	if s.redirect.Port() == "0" {
		s.redirect.Host = net.JoinHostPort(s.redirect.Hostname(), port)
		s.RedirectURI = s.redirect.String()
	}
	client := fakeidp.DefaultClient()
	client.Name = "webapp demo"
	client.Secrets = []string{rand.Text()}
	client.RedirectURIs = []string{s.RedirectURI}
	provider, err := fakeidp.New(fakeidp.Config{Clients: []fakeidp.Client{client}})
	if err != nil {
		return nil, fmt.Errorf("demo provider: %w", err)
	}
	base, err := provider.Start("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo provider: %w", err)
	}
	s.Authority = provider.Authority(fakeidp.ContosoTenantID)
	s.ClientID, s.ClientSecret = client.ID, client.Secrets[0]
	s.Endpoint, s.scopes = base+"/v1.0/me", []string{"User.Read"}
	return func() { _ = provider.Close() }, nil
}

// loopbackOrigin returns the origin of a plain http URL on this machine.
func loopbackOrigin(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}
