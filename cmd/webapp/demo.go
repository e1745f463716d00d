package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/fakeidp"
)

// startDemo starts the demo provider on this machine and changes c to use it. stop
// ends the provider.
func startDemo(c *config.Config, listener net.Listener) (stop func(), err error) {
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil || !authority.IsLoopback(host) {
		return nil, errors.New("webapp -demo must listen on this machine only, but LISTEN_ADDR leads to another address: set it to localhost:3000")
	}
	if c.Redirect.Port() == "0" {
		c.Redirect.Host = net.JoinHostPort(c.Redirect.Hostname(), port)
		c.RedirectURI = c.Redirect.String()
	}
	client := fakeidp.DefaultClient()
	client.Name = "webapp demo"
	client.Secrets = []string{rand.Text()}
	client.RedirectURIs = []string{c.RedirectURI}
	client.PostLogoutRedirectURIs = []string{c.Origin() + c.HomePath()}
	provider, err := fakeidp.New(fakeidp.Config{Clients: []fakeidp.Client{client}})
	if err != nil {
		return nil, fmt.Errorf("the demo provider cannot start: %w", err)
	}
	base, err := provider.Start("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the demo provider cannot start: %w", err)
	}
	c.Authority = provider.Authority(fakeidp.ContosoTenantID)
	c.ClientID = client.ID
	c.ClientSecret = client.Secrets[0]
	c.Endpoint = base + "/v1.0/me"
	c.Scopes = []string{"User.Read"}
	return func() { _ = provider.Close() }, nil
}
