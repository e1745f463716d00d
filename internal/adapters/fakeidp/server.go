package fakeidp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// listening is the server that Start runs.
type listening struct {
	mu     sync.Mutex
	server *http.Server
	done   chan struct{}
}

// Start serves on addr, a loopback address such as "127.0.0.1:0", until Close. It
// returns the base URL, which is Config.BaseURL if that is set. A second Start
// returns an error.
func (p *Provider) Start(addr string) (string, error) {
	p.listen.mu.Lock()
	defer p.listen.mu.Unlock()
	if p.listen.server != nil {
		return "", errors.New("fakeidp: already started")
	}
	if err := checkLoopback(addr); err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("fakeidp: %w", err)
	}
	if ip, err := netip.ParseAddrPort(listener.Addr().String()); err != nil || !ip.Addr().IsLoopback() {
		_ = listener.Close() // localhost can have another address in the file hosts
		return "", fmt.Errorf("fakeidp: %q leads to %s, which is not a loopback address", addr, listener.Addr())
	}
	scheme := "http"
	if p.config.TLS != nil {
		scheme, listener = "https", tls.NewListener(listener, p.config.TLS)
	}
	p.setBase(scheme + "://" + publicHost(addr, listener.Addr()))
	handler := http.Handler(p)
	if p.config.Wrap != nil {
		handler = p.config.Wrap(p)
	}
	p.listen.server = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
	}
	p.listen.done = make(chan struct{})
	go func() {
		defer close(p.listen.done)
		_ = p.listen.server.Serve(listener) // ends with http.ErrServerClosed
	}()
	return p.base(), nil
}

// Close stops the server and ends all requests at once. A second Close, or a Close
// without Start, returns nil.
func (p *Provider) Close() error {
	p.listen.mu.Lock()
	defer p.listen.mu.Unlock()
	p.Heal()
	if p.listen.server == nil {
		return nil
	}
	err := p.listen.server.Close()
	<-p.listen.done
	return err
}

func (p *Provider) setBase(base string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.baseURL == "" {
		p.baseURL = base
	}
}

// publicHost returns the host name of asked, such as "localhost", with the port
// of given.
func publicHost(asked string, given net.Addr) string {
	host, _, err := net.SplitHostPort(asked)
	if err != nil {
		return given.String()
	}
	_, port, err := net.SplitHostPort(given.String())
	if err != nil {
		return given.String()
	}
	return net.JoinHostPort(host, port)
}

// checkLoopback refuses an address that other machines can reach, because this
// provider asks nobody for a password.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("fakeidp: %w", err)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("fakeidp: %q is not a loopback address such as 127.0.0.1:8443", addr)
}
