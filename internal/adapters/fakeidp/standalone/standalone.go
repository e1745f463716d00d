// Package standalone serves the fake Entra as a program of its own, for
// applications in any language: https with a certificate authority of its own
// (authority.go), accounts and clients from a file (file.go), and faults that a
// test sets over HTTP (faults.go).
package standalone

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// Options are the command line.
type Options struct {
	// Addr is the address to listen on. Its host becomes the host of AUTHORITY.
	Addr string
	// HTTP serves plain http.
	HTTP bool
	// Dir is the folder of the certificate authority. It is made if it is missing.
	Dir string
	// ConfigFile is the path of the configuration file. "" means the defaults.
	ConfigFile string
	// Rotate replaces the signing keys at each value.
	Rotate <-chan os.Signal
	// Stdout receives the .env, Stderr the log.
	Stdout, Stderr io.Writer
}

// Run serves until ctx ends. It prints the .env when the provider accepts
// connections. Its errors are sentences for the person who started the program.
func Run(ctx context.Context, o Options) error {
	logger := slog.New(slog.NewTextHandler(o.Stderr, nil))
	config, err := readConfig(o.ConfigFile)
	if err != nil {
		return err
	}
	var ca *authority
	if !o.HTTP {
		if ca, err = o.openAuthority(logger); err != nil {
			return err
		}
		config.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: ca.certificate}
	}
	faults := &faultsEndpoint{logger: logger}
	config.Wrap = func(provider http.Handler) http.Handler { return withRequestLog(faults.before(provider), logger) }
	provider, err := fakeidp.New(config)
	if err != nil {
		return err
	}
	faults.provider = provider
	base, err := provider.Start(o.Addr)
	if err != nil {
		return fmt.Errorf("-addr %s: %w", o.Addr, err)
	}
	defer func() { _ = provider.Close() }()
	if _, err := fmt.Fprintf(o.Stderr, "webapp fakeidp is ready at %s. It is a demo, not Microsoft: it asks for no password, and only this machine can reach it. Stop with Ctrl+C.\n", base); err != nil {
		return err
	}
	if _, err := io.WriteString(o.Stdout, dotEnv(provider, config, ca)); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-o.Rotate:
			provider.RotateKeys(fakeidp.KeepOldKeys)
			logger.Info("the signing keys are replaced")
		}
	}
}

// openAuthority opens the certificate authority for the host of Addr.
func (o Options) openAuthority(logger *slog.Logger) (*authority, error) {
	host, _, err := net.SplitHostPort(o.Addr)
	if err == nil && !slices.Contains(certificateHosts, host) {
		return nil, fmt.Errorf("the certificate is for localhost, 127.0.0.1 and [::1] only: use one of them in -addr instead of %q", host)
	}
	if o.Dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, errors.New("this account has no cache folder for the certificate authority: name a folder with -dir, or use -http")
		}
		o.Dir = filepath.Join(cache, "webapp-fakeidp")
	}
	return openAuthority(o.Dir, time.Now, logger)
}

// dotEnv returns the .env of an application that uses the first client.
func dotEnv(provider *fakeidp.Provider, config fakeidp.Config, ca *authority) string {
	client := config.Clients[0]
	secret := ""
	if len(client.Secrets) > 0 {
		secret = client.Secrets[0]
	}
	text := "CLIENT_ID=" + quoted(client.ID) + "\n" +
		"CLIENT_SECRET=" + quoted(secret) + "\n" +
		"AUTHORITY=" + provider.Authority(cmp.Or(client.TenantID, config.Tenants[0].ID)) + "\n" +
		"REDIRECT_URI=" + quoted(redirectURI(client)) + "\n"
	if ca != nil {
		text += "# CA certificate: " + ca.path + "\n"
	}
	return text
}

// redirectURI returns the tutorial's redirect URI, or the client's first one if
// the client has others only.
func redirectURI(client fakeidp.Client) string {
	const tutorial = "http://localhost:3000/getAToken"
	if client.AnyLocalhost || slices.Contains(client.RedirectURIs, tutorial) {
		return tutorial
	}
	return client.RedirectURIs[0]
}

// quoted returns a value as .env files write it. The configuration file allows no
// single quotes in these values.
func quoted(value string) string {
	if consistsOf(idMarks + ":/")(value) {
		return value
	}
	return "'" + value + "'"
}

// withRequestLog logs each request without its query, which has codes and tokens.
func withRequestLog(next http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(sent, r)
		path := r.URL.Path
		logger.Info("request", "method", r.Method, "path", path[:min(len(path), 200)], "status", cmp.Or(sent.status, http.StatusOK))
	})
}

// statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = cmp.Or(w.status, status)
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
