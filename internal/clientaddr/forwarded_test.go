package clientaddr

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// clientOf returns the client address of a request from peer.
func clientOf(f *Finder, peer string, lines ...string) string {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = peer
	r.Header["X-Forwarded-For"] = lines
	client, _ := f.Find(r)
	return Text(client)
}

func behind(logs *strings.Builder, proxies ...string) *Finder {
	var trusted []netip.Prefix
	for _, p := range proxies {
		trusted = append(trusted, netip.MustParsePrefix(p))
	}
	return NewFinder(trusted, slog.New(slog.NewTextHandler(logs, nil)))
}

func TestClientAddressBehindProxies(t *testing.T) {
	const proxy, stranger = "10.0.0.1:40000", "203.0.113.9:40000"
	for name, c := range map[string]struct {
		peer   string
		lines  []string
		client string
		warned bool
	}{
		"IPv4":                        {proxy, []string{"198.51.100.7"}, "198.51.100.7", false},
		"IPv4 and port":               {proxy, []string{"198.51.100.7:51234"}, "198.51.100.7", false},
		"IPv6":                        {proxy, []string{"2001:db8::1"}, "2001:db8::1", false},
		"IPv6, its end like a port":   {proxy, []string{"2001:db8::1:443"}, "2001:db8::1:443", false},
		"IPv6 and port":               {proxy, []string{"[2001:db8::1]:443"}, "2001:db8::1", false},
		"IPv6 in brackets":            {proxy, []string{"[2001:db8::1]"}, "2001:db8::1", false},
		"IPv6 with a zone":            {proxy, []string{"[fe80::1%eth0]:443"}, "fe80::1", false},
		"IPv4 mapped":                 {proxy, []string{"::ffff:198.51.100.7"}, "198.51.100.7", false},
		"IPv4 mapped and port":        {proxy, []string{"[::ffff:198.51.100.7]:443"}, "198.51.100.7", false},
		"a mapped peer":               {"[::ffff:10.0.0.1]:40000", []string{"198.51.100.7:51234"}, "198.51.100.7", false},
		"spaces and empty hops":       {proxy, []string{" 198.51.100.7:1 , ,"}, "198.51.100.7", false},
		"what the client forged":      {proxy, []string{"192.0.2.1:1, 198.51.100.7:51234"}, "198.51.100.7", false},
		"garbage that it forged":      {proxy, []string{"unknown, <script>, 198.51.100.7:51234"}, "198.51.100.7", false},
		"two proxies with ports":      {proxy, []string{"198.51.100.7:51234, 10.9.9.9:443"}, "198.51.100.7", false},
		"two headers":                 {proxy, []string{"192.0.2.1", "198.51.100.7:51234, 10.9.9.9:443"}, "198.51.100.7", false},
		"a mapped proxy":              {proxy, []string{"198.51.100.7, [::ffff:10.9.9.9]:443"}, "198.51.100.7", false},
		"unreadable":                  {proxy, []string{"unknown"}, "10.0.0.1", true},
		"nothing beyond garbage":      {proxy, []string{"198.51.100.7, _hidden, 10.9.9.9:443"}, "10.0.0.1", true},
		"no such port":                {proxy, []string{"198.51.100.7:99999"}, "10.0.0.1", true},
		"IPv4 in brackets":            {proxy, []string{"[198.51.100.7]"}, "10.0.0.1", true},
		"a proxy's own request":       {proxy, []string{"10.9.9.9:443"}, "10.0.0.1", false},
		"a proxy that names nobody":   {proxy, nil, "10.0.0.1", false},
		"a stranger forges a port":    {stranger, []string{"198.51.100.7:51234"}, "203.0.113.9", true},
		"a stranger forges garbage":   {stranger, []string{"unknown"}, "203.0.113.9", true},
		"a stranger forges a proxy":   {stranger, []string{"10.0.0.1"}, "203.0.113.9", true},
		"a name for the proxy's port": {proxy, []string{"198.51.100.7:http"}, "10.0.0.1", true},
	} {
		t.Run(name, func(t *testing.T) {
			var logs strings.Builder
			finder := behind(&logs, "10.0.0.0/8")
			assert.Equal(t, c.client, clientOf(finder, c.peer, c.lines...))
			assert.Equal(t, c.warned, strings.Contains(logs.String(), "TRUSTED_PROXIES"), logs.String())
			assert.NotContains(t, logs.String(), "_hidden", "what a stranger may have written is not repeated")
		})
	}
}

func TestUnreadableForwardedForIsLoggedOnce(t *testing.T) {
	var logs strings.Builder
	finder := behind(&logs, "10.0.0.0/8")
	for range 100 {
		clientOf(finder, "10.0.0.1:1", "unknown")
	}
	assert.Equal(t, 1, strings.Count(logs.String(), "\n"))
}

// All people behind a proxy that TRUSTED_PROXIES lacks have the same address.
func TestForwardedForFromOthersIsLoggedOnce(t *testing.T) {
	for _, trusted := range [][]string{nil, {"10.0.0.0/8"}} {
		var logs strings.Builder
		finder := behind(&logs, trusted...)
		assert.Equal(t, "203.0.113.9", clientOf(finder, "203.0.113.9:1"))
		assert.Empty(t, logs.String(), "without the header there is nothing to say")
		for range 2 {
			assert.Equal(t, "203.0.113.9", clientOf(finder, "203.0.113.9:1", "198.51.100.7"))
		}
		assert.Equal(t, 1, strings.Count(logs.String(), "level=WARN"))
		assert.Contains(t, logs.String(), "write its address range into TRUSTED_PROXIES")
		assert.NotContains(t, logs.String(), "198.51.100.7")
	}
}

// One client behind a gateway that writes ports cannot use up the sign-ins of the
// others.
func TestPortsInForwardedForAreIgnored(t *testing.T) {
	finder := behind(&strings.Builder{}, "10.0.0.0/8")
	one := clientOf(finder, "10.0.0.1:1", "198.51.100.7:1000")
	assert.Equal(t, one, clientOf(finder, "10.0.0.1:1", "198.51.100.7:2000"))
	assert.NotEqual(t, one, clientOf(finder, "10.0.0.1:1", "198.51.100.8:1000"))
}
