package http

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"webapp/internal/domain"
	"webapp/templates"
)

// maxCallback limits the callback's parameters in bytes. Codes of Entra exceed 900
// characters, and a whole callback can exceed 4,096.
const maxCallback = 16 << 10

// callback completes a sign-in with the provider's authorization response. With
// form_post that is a POST, and a GET is valid only after administrator consent.
func (a *app) callback(w http.ResponseWriter, r *http.Request) error {
	cb, err := readCallback(r)
	if err == nil {
		if is, consentErr := a.Domain.AdminConsent(cb); is {
			return a.adminConsent(w, r, consentErr)
		}
	}
	if a.FormPost && r.Method != http.MethodPost {
		return wrongMethod(w, http.MethodPost)
	}
	if err != nil {
		return a.Domain.RecordRefusal(r.Context(), err)
	}
	client := observed(r.Context()).client
	if cb.Code != "" && a.refusedCodes.exhausted(client) {
		return a.Domain.RecordRefusal(r.Context(), domain.ErrTooManyRefusals)
	}
	location, err := a.Domain.CompleteSignIn(r.Context(), cb, device(r))
	if cb.Code != "" && domain.CodeRefused(err) {
		a.refusedCodes.count(client)
	}
	if next, ok := a.nextSignIn(err); ok {
		return seeOther(w, next)
	}
	if err != nil {
		a.observeSession(r)
		return err
	}
	a.forgetSignOut(w, r)
	return seeOther(w, location)
}

// adminConsent shows the result of administrator consent. err is nil if the
// administrator consented. It signs nobody in, because anybody can open this URL.
func (a *app) adminConsent(w http.ResponseWriter, r *http.Request, err error) error {
	v := templates.Error{Heading: "consent.heading", Sentence: "consent.sentence"}
	session, sessionErr := a.Domain.CurrentUser(r.Context())
	switch {
	case sessionErr == nil:
		observed(r.Context()).session = &session
		v.Actions = []templates.Link{{Text: "error.action.home", URL: a.url(homePath)}}
	case errors.Is(sessionErr, domain.ErrNotSignedIn):
		v.Next = "consent.next"
		v.Actions = []templates.Link{{Text: "signin.button", URL: a.url(loginPath)}}
	default:
		return sessionErr
	}
	if err != nil {
		return err
	}
	return a.page(w, r, http.StatusOK, observed(r.Context()).session, v)
}

// readCallback reads the authorization response. The domain validates it.
func readCallback(r *http.Request) (domain.Callback, error) {
	fields, err := callbackFields(r)
	if err != nil {
		return domain.Callback{}, err
	}
	return parseCallback(fields)
}

// observeSession gives the error page the navigation of a user who is still signed
// in, for example after declining a further permission.
func (a *app) observeSession(r *http.Request) {
	if session, err := a.Domain.CurrentUser(r.Context()); err == nil {
		observed(r.Context()).session = &session
	}
}

// callbackFields reads the parameters from the place that the response mode
// defines. A form_post response with parameters in its URL is refused.
func callbackFields(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		if len(r.URL.RawQuery) > maxCallback {
			return nil, fmt.Errorf("%w: too long", domain.ErrBadCallback)
		}
		fields, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, fmt.Errorf("%w: unreadable query", domain.ErrBadCallback)
		}
		return fields, nil
	}
	if r.URL.RawQuery != "" {
		return nil, fmt.Errorf("%w: parameters in the URL of a form_post response", domain.ErrBadCallback)
	}
	fields, err := postedForm(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", domain.ErrBadCallback, err)
	}
	return fields, nil
}

// withoutInput replaces a parser's error, whose text quotes the input.
// *http.MaxBytesError stays, all others become errUnreadable.
func withoutInput(err error) error {
	if tooLarge, ok := asMaxBytes(err); ok {
		return tooLarge
	}
	return errUnreadable
}

// parseCallback reads the parameters of RFC 6749 (sections 4.1.2 and 4.1.2.1), of
// RFC 9207 and of Entra. Every repeated parameter is refused, even an unknown one
// (RFC 6749, section 3.1), because a proxy could have checked another value than
// the one that is used here.
func parseCallback(fields url.Values) (domain.Callback, error) {
	var cb domain.Callback
	known := map[string]*string{
		"state": &cb.State, "code": &cb.Code, "iss": &cb.Issuer, "error": &cb.Error,
		"error_description": &cb.ErrorDescription, "error_subcode": &cb.ErrorSubcode,
		"admin_consent": &cb.AdminConsent,
	}
	for name, values := range fields {
		if len(values) != 1 {
			return domain.Callback{}, fmt.Errorf("%w: a parameter is repeated", domain.ErrBadCallback)
		}
		if target, ok := known[name]; ok {
			*target = values[0]
		}
	}
	return cb, nil
}
