package main

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/domain"
)

// A way in that is listed is reached, with the session of whoever comes, below
// its path and there alone, and from no other origin.
func TestAWayInIsReached(t *testing.T) {
	w := newWorld(t, nil)
	w.more.mounts = map[string]mount{"/api": func(d *domain.Service) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			session, err := d.CurrentUser(r.Context())
			if errors.Is(err, domain.ErrNotSignedIn) {
				http.Error(rw, "nobody at "+r.URL.Path, http.StatusUnauthorized)
				return
			}
			_, _ = io.WriteString(rw, session.User.Name+" at "+r.URL.Path)
		})
	}}
	w.restart()
	b := w.browser()
	for _, path := range []string{"/api", "/api/people/me"} {
		r := b.get(path)
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
		assert.Equal(t, "nobody at "+path+"\n", r.body)
	}
	assert.Empty(t, b.cookies(), "a visitor gets no cookie there either")
	b.mustSignIn(fakeidp.UserAdmin)
	for _, path := range []string{"/api", "/api/people/me"} {
		r := b.get(path)
		assert.Equal(t, http.StatusOK, r.StatusCode)
		assert.Equal(t, "Megan Bowen at "+path, r.body)
		assert.Contains(t, r.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	assert.Equal(t, http.StatusNotFound, b.get("/apis").StatusCode)
	r := b.do(http.MethodPost, "/api", url.Values{}, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, http.StatusForbidden, r.StatusCode)
	assert.NotContains(t, r.body, "Megan")
}
