package session

import (
	"net/http"
	"strings"
	"time"
)

// cookieJar knows the names and attributes of the cookies.
type cookieJar struct {
	secure    bool
	crossSite bool
	session   string
	// reference holds the session's record key beside it, for the one request
	// that comes without it, a cross-site callback: so that signing in again
	// ends the former session, and that an old callback of somebody who is
	// signed in by now is known for what it is. Nobody is signed in by it: it is
	// no token, and the store's key cannot be turned back into one.
	reference string
	pending   string // a prefix
}

func newCookieJar(secure, crossSite bool) cookieJar {
	prefix := ""
	if secure {
		prefix = "__Host-"
	}
	return cookieJar{
		secure:    secure,
		crossSite: crossSite,
		session:   prefix + "webapp_session",
		reference: prefix + "webapp_session_ref",
		pending:   prefix + "webapp_signin_",
	}
}

// make returns a cookie with the attributes that its name calls for. A maxAge
// of 0 makes a cookie that ends with the browser, a negative one deletes it.
func (j cookieJar) make(name, value string, maxAge time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		HttpOnly: true,
		Secure:   j.secure,
		SameSite: http.SameSiteLaxMode,
		MaxAge:   int(maxAge / time.Second),
	}
	if j.crossSite && (name == j.reference || strings.HasPrefix(name, j.pending)) {
		c.SameSite = http.SameSiteNoneMode
	}
	if maxAge < 0 {
		c.MaxAge = -1
		c.Expires = time.Unix(1, 0)
	}
	return c
}
