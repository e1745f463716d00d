package main

import (
	"crypto/rand"
	"fmt"
	"net"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/fakeidp"
)

// startDemo starts the demo provider on this machine and points the
// configuration at it. The provider and its accounts end with stop.
func startDemo(c *config.Config, listener net.Listener) (stop func(), err error) {
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil || !config.IsLoopback(host) {
		return nil, fmt.Errorf("webapp -demo must listen on this machine alone, but LISTEN_ADDR led elsewhere; use localhost:3000")
	}
	if c.Redirect.Port() == "0" {
		c.Redirect.Host = net.JoinHostPort(c.Redirect.Hostname(), port)
		c.RedirectURI = c.Redirect.String()
	}
	client := fakeidp.DefaultClient()
	client.Name = "webapp demo"
	client.Secrets = []string{rand.Text()}
	client.RedirectURIs = []string{c.RedirectURI}
	provider, err := fakeidp.New(fakeidp.Config{Clients: []fakeidp.Client{client}})
	if err != nil {
		return nil, fmt.Errorf("demo provider: %w", err)
	}
	base, err := provider.Start("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo provider: %w", err)
	}
	c.Authority = provider.Authority(fakeidp.ContosoTenantID)
	c.ClientID, c.ClientSecret = client.ID, client.Secrets[0]
	c.Endpoint, c.Scopes = base+"/v1.0/me", []string{"User.Read"}
	return func() { _ = provider.Close() }, nil
}
