package http

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRequestIDIsTakenFromTrustedProxiesAlone(t *testing.T) {
	a := &app{Config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}}
	for name, c := range map[string]struct {
		peer  string
		given []string
		taken bool
	}{
		"proxy":                {"10.1.2.3:4711", []string{"7f0b8a52-3c1d_x.Y"}, true},
		"proxy on IPv6":        {"[fd00::1%eth0]:4711", []string{"abc"}, true},
		"proxy, mapped":        {"[::ffff:10.1.2.3]:4711", []string{"abc"}, true},
		"longest":              {"10.1.2.3:1", []string{strings.Repeat("a", 64)}, true},
		"stranger":             {"192.0.2.1:4711", []string{"abc"}, false},
		"no address":           {"@", []string{"abc"}, false},
		"none":                 {"10.1.2.3:1", nil, false},
		"empty":                {"10.1.2.3:1", []string{""}, false},
		"two":                  {"10.1.2.3:1", []string{"abc", "def"}, false},
		"too long":             {"10.1.2.3:1", []string{strings.Repeat("a", 65)}, false},
		"a line of its own":    {"10.1.2.3:1", []string{"abc\nlevel=ERROR"}, false},
		"an e-mail address":    {"10.1.2.3:1", []string{"adele@contoso.example"}, false},
		"letters of elsewhere": {"10.1.2.3:1", []string{"аbc"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header["X-Request-Id"] = c.peer, c.given
			id := a.requestID(r, a.fromProxy(r))
			if c.taken {
				assert.Equal(t, c.given[0], id)
				return
			}
			assert.Regexp(t, "^[0-9a-f]{16}$", id)
		})
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	assert.False(t, (&app{}).fromProxy(r), "nobody is trusted by default")
	assert.Empty(t, RequestID(t.Context()))
}
