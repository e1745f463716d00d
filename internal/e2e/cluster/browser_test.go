//go:build integration && linux

package cluster

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// anyInstance lets the balancer select the instance.
const anyInstance = -1

// browser is one person's browser. It does not follow redirects. Its methods take
// the instance that the request goes to.
type browser struct {
	c      *cluster
	client *http.Client
	jar    *cookiejar.Jar
}

// reply is a response and its body.
type reply struct {
	*http.Response
	body string
	took time.Duration
}

// instance returns the instance that responded.
func (r reply) instance() int {
	i, err := strconv.Atoi(r.Header.Get(toInstance))
	if err != nil {
		return anyInstance
	}
	return i
}

// greets reports whether the page is the home page of a signed-in person.
func (r reply) greets() bool { return r.StatusCode == http.StatusOK && greeting.MatchString(r.body) }

var greeting = regexp.MustCompile(`<h1>Welcome [^<]+!</h1>`)

// deletesCookie reports whether the response deletes a cookie.
func (r reply) deletesCookie() bool {
	for _, c := range r.Cookies() {
		if c.MaxAge < 0 {
			return true
		}
	}
	return false
}

func (c *cluster) browser() *browser {
	jar, _ := cookiejar.New(nil) // never fails
	return &browser{c: c, jar: jar, client: &http.Client{
		Jar: jar, Transport: c.transport, Timeout: 2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// copy returns another browser with a copy of the cookies.
func (b *browser) copy() *browser {
	other := b.c.browser()
	other.jar.SetCookies(b.origin(), b.jar.Cookies(b.origin()))
	return other
}

func (b *browser) origin() *url.URL {
	u, _ := url.Parse(b.c.origin) // startBalancer returns a valid URL
	return u
}

// try sends a request and returns an error if there is no response. It is safe for
// concurrent use.
func (b *browser) try(instance int, method, target string, form url.Values) (reply, error) {
	return b.tryUntil(context.Background(), instance, method, target, form)
}

// tryUntil is try with a context.
func (b *browser) tryUntil(ctx context.Context, instance int, method, target string, form url.Values) (reply, error) {
	if strings.HasPrefix(target, "/") {
		target = b.c.origin + target
	}
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return reply{}, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", b.c.origin)
	}
	if instance != anyInstance {
		req.Header.Set(toInstance, strconv.Itoa(instance))
	}
	begin := time.Now()
	res, err := b.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return reply{res, html.UnescapeString(string(text)), time.Since(begin)}, err
}

func (b *browser) get(instance int, target string) reply {
	b.c.t.Helper()
	r, err := b.try(instance, http.MethodGet, target, nil)
	require.NoError(b.c.t, err)
	return r
}

func (b *browser) post(instance int, target string, form url.Values) reply {
	b.c.t.Helper()
	r, err := b.try(instance, http.MethodPost, target, form)
	require.NoError(b.c.t, err)
	return r
}

// trySignIn signs in and returns the response of the callback.
func (b *browser) trySignIn(instance int, username string) (reply, error) {
	begun, err := b.try(instance, http.MethodGet, "/login", nil)
	if err != nil {
		return reply{}, err
	}
	if begun.StatusCode != http.StatusSeeOther {
		return begun, fmt.Errorf("GET /login: %s", begun.Status)
	}
	answer, err := b.c.idp.Authorize(begun.Header.Get("Location"), username)
	if err != nil {
		return reply{}, err
	}
	return b.try(instance, http.MethodGet, answer.URL(), nil)
}

// begin starts a sign-in and returns the callback's URL with the code.
func (b *browser) begin(instance int, username string) (callback string) {
	b.c.t.Helper()
	r := b.get(instance, "/login")
	require.Equal(b.c.t, http.StatusSeeOther, r.StatusCode, r.body)
	answer, err := b.c.idp.Authorize(r.Header.Get("Location"), username)
	require.NoError(b.c.t, err)
	return answer.URL()
}

func (b *browser) signIn(instance int, username string) {
	b.c.t.Helper()
	r, err := b.trySignIn(instance, username)
	require.NoError(b.c.t, err)
	require.Equal(b.c.t, http.StatusSeeOther, r.StatusCode, r.body)
}

// signedIn returns a browser with a session of username.
func (c *cluster) signedIn(instance int, username string) *browser {
	c.t.Helper()
	b := c.browser()
	b.signIn(instance, username)
	return b
}

// manySignedIn returns n browsers with sessions of the administrator.
func (c *cluster) manySignedIn(n int) []*browser {
	c.t.Helper()
	var browsers []*browser
	for range n {
		browsers = append(browsers, c.signedIn(anyInstance, fakeidp.UserAdmin))
	}
	return browsers
}

// everywhere requests the home page from each running instance and requires that all
// agree whether this browser is signed in.
func (b *browser) everywhere(signedIn bool, why string) {
	b.c.t.Helper()
	for n, i := range b.c.instances {
		if i.process == nil {
			continue
		}
		r := b.get(n, "/")
		require.Equal(b.c.t, http.StatusOK, r.StatusCode, "instance %d, %s: %s", n, why, r.body)
		require.Equal(b.c.t, signedIn, r.greets(), "instance %d, %s: signed in", n, why)
	}
}

var claimRow = regexp.MustCompile(`<th scope="row">(\w+)</th><td><bdi>([^<]*)</bdi>`)

// claim returns a claim of the ID token from the person's home page.
func (b *browser) claim(name string) string {
	b.c.t.Helper()
	for _, row := range claimRow.FindAllStringSubmatch(b.get(anyInstance, "/").body, -1) {
		if row[1] == name {
			return row[2]
		}
	}
	require.Fail(b.c.t, "no claim "+name)
	return ""
}
