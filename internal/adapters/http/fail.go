package http

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"webapp/internal/domain"
	"webapp/templates"
)

// entraTime is the format of times in Entra's errors.
const entraTime = "2006-01-02 15:04:05Z"

// handlerFunc is a handler that returns its error to handle. It returns an error
// only if it has written nothing.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// handle returns an http.HandlerFunc that calls h and responds to its error.
func (a *app) handle(h handlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	}
}

// fail responds to an error as errorTable says, with a page or, for clients that
// prefer JSON, a problem document. The text of the error goes to the request's log
// line only.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	respond := a.errorPage
	if wantsJSON(r) {
		respond = a.problem
	}
	a.failWith(w, r, err, respond)
}

// failWith records an error for the request's log line, finds its row in errorTable and
// calls respond.
func (a *app) failWith(w http.ResponseWriter, r *http.Request, err error, respond func(http.ResponseWriter, *http.Request, errorPage, error)) {
	observed(r.Context()).err = err
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		err = errClientGone
	}
	row := errorPageFor(err)
	if row.retryAfter > 0 {
		w.Header().Set("Retry-After", row.retryAfterSeconds())
	}
	respond(w, r, row, err)
}

// errorPage responds to an error with a page.
func (a *app) errorPage(w http.ResponseWriter, r *http.Request, row errorPage, err error) {
	v := a.viewOf(r, row, err)
	session := observed(r.Context()).session
	if errors.Is(err, domain.ErrNotSignedIn) {
		session = nil // the session ended during the request
	}
	if err := a.page(w, r, row.status, session, v); err != nil {
		a.Logger.Error("error page failed", "err", err)
		http.Error(w, http.StatusText(row.status), row.status)
	}
}

func (a *app) viewOf(r *http.Request, row errorPage, err error) templates.View {
	if own, ok := errors.AsType[*viewError](err); ok {
		return own.view
	}
	if row.view != nil {
		return row.view
	}
	return a.errorView(r, row, err)
}

// errorView returns the general error page with its texts, links and details for
// an administrator.
func (a *app) errorView(r *http.Request, row errorPage, err error) templates.View {
	texts := a.textsOf(row, err)
	v := templates.Error{
		Heading: texts.heading, Sentence: texts.sentence, Why: texts.why, Next: texts.next,
		Details: templates.ErrorDetails{
			Remedy:    texts.remedy,
			RequestID: observed(r.Context()).requestID,
			Status:    row.status,
			Time:      a.Now().UTC().Format(entraTime),
		},
	}
	if p, ok := errors.AsType[*domain.ProviderError](err); ok {
		v.Details.Number, v.Details.Code = p.NumberText(), p.Code
		v.Details.CorrelationID, v.Details.TraceID = p.CorrelationID, p.TraceID
		if p.Timestamp != "" {
			v.Details.Time = p.Timestamp
		}
	}
	v.AdminConsentURL = a.adminConsentURL(r, err)
	v.Actions = a.actions(r, row, err)
	return v
}

// adminConsentURL returns the link for an administrator if err says that an administrator
// must consent, and otherwise "". A callback that belongs to no sign-in of this browser
// gets no link, because anybody can send such a callback.
func (a *app) adminConsentURL(r *http.Request, err error) string {
	reported, ok := errors.AsType[*domain.ProviderError](err)
	if !ok {
		return ""
	}
	if known, _ := a.pages.Explain(reported.NumberText()); !known.AdminConsent {
		return ""
	}
	scopes := a.Scopes
	if required, ok := errors.AsType[*domain.InteractionRequired](err); ok {
		scopes = required.Scopes
	} else if _, ok := errors.AsType[*domain.SignInFailure](err); !ok {
		return ""
	}
	tenant := ""
	if session := observed(r.Context()).session; session != nil {
		tenant = session.User.Tenant
	}
	return a.Domain.AdminConsentURL(scopes, tenant)
}

// actions returns the links of an error page, the most useful first and each URL
// once. The link to the home page comes first if only an administrator can help.
func (a *app) actions(r *http.Request, row errorPage, err error) []templates.Link {
	signIn := a.loginURL(a.returnTo(r, err))
	var links []templates.Link
	add := func(text templates.Message, url string) {
		if !slices.ContainsFunc(links, func(l templates.Link) bool { return l.URL == url }) {
			links = append(links, templates.Link{Text: text, URL: url})
		}
	}
	if a.needsAdmin(err) {
		add("error.action.home", a.url(homePath))
	}
	if row.newTab {
		links = append(links, templates.Link{Text: "error.action.stepup", URL: a.Domain.ReturnPath(r.URL.RequestURI()), NewTab: true})
	}
	switch {
	case !row.retry:
	case row.retryPage:
		add("error.action.retry", a.returnTo(r, err))
	case r.URL.Path == a.url(loginPath) || r.URL.Path == a.CallbackPath:
		add("error.action.retry", signIn) // these pages cannot be reloaded
	case r.Method == http.MethodGet:
		add("error.action.retry", a.Domain.ReturnPath(r.URL.RequestURI()))
	}
	if row.signInAgain {
		add("error.action.signin", signIn)
	}
	add("error.action.home", a.url(homePath))
	return links
}

func (a *app) needsAdmin(err error) bool {
	reported, ok := errors.AsType[*domain.ProviderError](err)
	if !ok {
		return false
	}
	known, _ := a.pages.Explain(reported.NumberText())
	return known.NeedsAdmin
}

// returnTo returns the return path of a new sign-in after err: that of the failed
// sign-in, or the page that requires a sign-in.
func (a *app) returnTo(r *http.Request, err error) string {
	if f, ok := errors.AsType[*domain.SignInFailure](err); ok {
		return f.ReturnTo
	}
	if _, ok := errors.AsType[*domain.InteractionRequired](err); ok && r.Method == http.MethodGet {
		return r.URL.RequestURI()
	}
	if r.URL.Path == a.url(loginPath) {
		return a.Domain.ReturnPath(r.URL.Query().Get("return_to"))
	}
	return a.url(homePath)
}

// problem responds with a problem document (RFC 9457). Its text is always English,
// because programs read it and log it.
func (a *app) problem(w http.ResponseWriter, r *http.Request, row errorPage, err error) {
	texts := a.textsOf(row, err)
	doc := map[string]any{
		"type":      "about:blank",
		"title":     http.StatusText(row.status),
		"status":    row.status,
		"detail":    strings.TrimSpace(a.pages.Text(texts.sentence) + " " + a.pages.Text(texts.next)),
		"requestId": observed(r.Context()).requestID,
	}
	if p, ok := errors.AsType[*domain.ProviderError](err); ok {
		doc["error"] = p.Code
		if p.Number != 0 {
			doc["aadsts"] = p.Number
		}
		if p.B2CNumber != 0 {
			doc["aadb2c"] = p.B2CNumber
		}
	}
	if required, ok := errors.AsType[*domain.InteractionRequired](err); ok && required.SignIn != (domain.SignInRequirement{}) {
		doc["error"] = insufficientAuthentication
		if age := required.SignIn.MaxAge; age > 0 {
			doc["max_age"] = int(age / time.Second)
		}
		if id := required.SignIn.AuthContext; id != "" {
			doc["acr_values"] = id
		}
	}
	if link := a.adminConsentURL(r, err); link != "" {
		doc["adminConsentUrl"] = link
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Language", templates.SourceLanguage)
	w.WriteHeader(row.status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(doc) // the client may have disconnected
	}
}
