package session

import (
	"net/http"
	"strings"
	"time"
)

// cookieJar has the names and attributes of the cookies.
type cookieJar struct {
	secure    bool
	crossSite bool
	session   string
	// reference is a cookie with the session's record key. A cross-site callback
	// comes without the session cookie. The reference lets a new sign-in end the
	// former session, and shows that the browser is already signed in. It signs
	// nobody in: a record key is a hash, from which the token cannot be derived.
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

// make returns a cookie with the attributes for its name. With a maxAge of 0 the
// cookie ends with the browser; a negative maxAge deletes it.
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
