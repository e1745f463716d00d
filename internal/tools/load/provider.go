//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"

	"webapp/internal/adapters/fakeidp"
)

// providerCommand runs this command as the identity provider and the person who
// signs in. It is a process of its own, so that its CPU time is not measured.
const providerCommand = "provider"

// providerPeople is how many people the provider signs in, one after the other.
const providerPeople = 1000

// serveProvider prints the URLs of the provider and of the person, and serves until
// in ends.
func serveProvider(in io.Reader, out io.Writer) error {
	client := fakeidp.DefaultClient()
	client.AnyLocalhost = true // peers have another redirect URI
	idp, err := fakeidp.New(fakeidp.Config{Clients: []fakeidp.Client{client}})
	if err != nil {
		return err
	}
	base, err := idp.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	var tokens atomic.Int64
	idp.Mutate(func(d *fakeidp.TokenDraft) {
		// Many people sign in: each sign-in of one with a hundred sessions
		// would also end the oldest of these.
		n := tokens.Add(1) % providerPeople
		d.Claims["oid"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
		d.Claims["sub"] = fmt.Sprintf("person-%d", n)
	})
	person, stop, err := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := idp.Authorize(r.FormValue("url"), fakeidp.UserMember)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, answer.Values.Encode())
	}))
	if err != nil {
		return errors.Join(err, idp.Close())
	}
	defer stop()
	if _, err := fmt.Fprintln(out, base, "http://"+person); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in)
	return idp.Close()
}

// providerProcess is a running providerCommand.
type providerProcess struct {
	base, person string
	client       *http.Client
	stop         func()
}

func startProvider() (*providerProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, providerCommand)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &providerProcess{client: &http.Client{Timeout: patience}, stop: func() { _ = in.Close(); _ = cmd.Wait() }}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &p.base, &p.person)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("the provider did not start: %w", err)
	}
	return p, nil
}

// authority returns the authority of the default tenant.
func (p *providerProcess) authority() string { return p.base + "/" + fakeidp.ContosoTenantID }

// approve acts as the person at the provider and returns the query of the callback.
func (p *providerProcess) approve(authorizationURL string) (string, error) {
	res, err := p.client.PostForm(p.person, url.Values{"url": {authorizationURL}})
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(string(text), "code=") {
		return "", fmt.Errorf("the provider sent no code, but status %d and %s", res.StatusCode, text)
	}
	return string(text), nil
}

// app returns the provider's configuration for an application.
func (p *providerProcess) app() provider {
	return provider{authority: p.authority(), clientID: fakeidp.DefaultClientID, secret: fakeidp.DefaultClientSecret}
}
