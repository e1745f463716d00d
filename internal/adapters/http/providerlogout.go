package http

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"webapp/internal/domain"
)

// frontChannelLogout ends the session that iss and sid name. The provider loads it
// in a hidden frame when a user signs out there (OpenID Connect Front-Channel
// Logout 1.0, section 3). The status is 200 whether or not a session ended, so it
// reveals nothing.
func (a *app) frontChannelLogout(w http.ResponseWriter, r *http.Request) error {
	iss, sid, ok := frontChannelFields(r.URL.RawQuery)
	if ok {
		if _, err := a.Domain.FrontChannelLogout(r.Context(), iss, sid); err != nil {
			return err
		}
	}
	a.allowFraming(r.Context(), w.Header())
	return plain(w, http.StatusOK, "")
}

// frontChannelFields reads iss and sid. It returns false if the query is malformed
// or repeats either of them.
func frontChannelFields(rawQuery string) (iss, sid string, ok bool) {
	if len(rawQuery) > maxCallback || manyFields(rawQuery) {
		return "", "", false
	}
	fields, err := url.ParseQuery(rawQuery)
	if err != nil || len(fields["iss"]) > 1 || len(fields["sid"]) > 1 {
		return "", "", false
	}
	return fields.Get("iss"), fields.Get("sid"), true
}

// backChannelLogout ends the sessions that a logout token names (OpenID Connect
// Back-Channel Logout 1.0, sections 2.5 to 2.8). The provider's server sends the
// request without cookies. Only the token's signature authenticates it.
func (a *app) backChannelLogout(w http.ResponseWriter, r *http.Request) error {
	form, err := postedForm(r)
	if err != nil {
		if _, tooLarge := asMaxBytes(err); tooLarge {
			return logoutRefused(w, http.StatusRequestEntityTooLarge, "the request is too large")
		}
		return logoutRefused(w, http.StatusBadRequest, "the form is malformed")
	}
	tokens := form["logout_token"]
	if len(tokens) != 1 || tokens[0] == "" {
		return logoutRefused(w, http.StatusBadRequest, "the form must have exactly one logout_token")
	}
	_, err = a.Domain.BackChannelLogout(r.Context(), tokens[0])
	switch {
	case err == nil:
		return plain(w, http.StatusOK, "")
	case errors.Is(err, domain.ErrTokenRefused), errors.Is(err, domain.ErrUnsupported):
		observed(r.Context()).err = err
		return logoutRefused(w, http.StatusBadRequest, "the logout token was refused")
	default:
		return a.logoutRetryLater(w, r, err)
	}
}

// logoutRetryLater asks the provider to repeat the request, because the signing
// keys or the session store are not available.
func (a *app) logoutRetryLater(w http.ResponseWriter, r *http.Request, err error) error {
	row := errorPageFor(err)
	observed(r.Context()).err = err
	if row.retryAfter > 0 {
		w.Header().Set("Retry-After", row.retryAfterSeconds())
	}
	return logoutError(w, row.status, "temporarily_unavailable", "the logout token could not be processed; repeat the request later")
}

// logoutRefused responds with an error in the form of RFC 6749, section 5.2, as
// Back-Channel Logout 1.0, section 2.8 requires.
func logoutRefused(w http.ResponseWriter, status int, why string) error {
	return logoutError(w, status, "invalid_request", why)
}

func logoutError(w http.ResponseWriter, status int, code, why string) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": why})
	return nil
}
