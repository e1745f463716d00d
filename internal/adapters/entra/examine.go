package entra

import (
	"context"
	"errors"
	"net/http"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Examiner requests the parts of a provider one by one, for a person who wants to
// know why sign-ins fail. It keeps nothing, writes no log and sends each request
// once. It needs no credential. Use Provider.ExamineCredential to check the
// credential.
type Examiner struct {
	authority authority.Authority
	client    *providerhttp.Client
}

// NewExaminer returns an Examiner that uses transport. timeout bounds each request.
func NewExaminer(configured authority.Authority, transport http.RoundTripper, timeout time.Duration) *Examiner {
	return &Examiner{configured, providerhttp.New(providerhttp.Config{Transport: transport, Timeout: timeout})}
}

// ResponseOf returns the status and the error in the provider's response to which err
// belongs. reported is zero if the response has no error. ok is false if there was no
// response.
func ResponseOf(err error) (status int, reported ports.ProviderError, ok bool) {
	failed, ok := errors.AsType[*providerhttp.StatusError](err)
	if !ok {
		return 0, reported, false
	}
	if doc, err := providerhttp.ParseObject(failed.Body); err == nil {
		reported = *tokenError(doc)
	}
	return failed.Status, reported, true
}

// MetadataExam contains a provider's metadata. The provider chose the values: bound
// and escape them before you show them to a person.
type MetadataExam struct {
	// Issuer is the issuer in the metadata. IssuerFits reports whether it fits the
	// configured authority.
	Issuer     string
	IssuerFits bool
	// The URLs of the endpoints and of the key set. EndSessionEndpoint is empty if
	// the provider has no sign-out.
	AuthorizationEndpoint string
	TokenEndpoint         string
	KeysURL               string
	EndSessionEndpoint    string
	// RevocationEndpoint is empty if no token can be revoked. RevocationFault says
	// why an endpoint in the metadata cannot be used.
	RevocationEndpoint string
	RevocationFault    error
	// PushEndpoint is the endpoint for pushed authorization requests (RFC 9126), or
	// empty. PushRequired says that the provider accepts no others. PushFault says why
	// the endpoint cannot be used.
	PushEndpoint string
	PushRequired bool
	PushFault    error
	// Algorithms are the offered signature algorithms of ID tokens that are
	// acceptable here.
	Algorithms []string

	checked metadata
}

// Metadata requests the metadata and checks them as a sign-in does. If a check
// fails, Metadata returns an error with a constant text together with the values
// that it could read. If the request fails, the error matches
// ports.ErrProviderUnavailable.
func (e *Examiner) Metadata(ctx context.Context) (MetadataExam, error) {
	body, err := e.get(ctx, e.authority.DiscoveryURL())
	if err != nil {
		return MetadataExam{}, err
	}
	var exam MetadataExam
	doc, err := providerhttp.ParseObject(body)
	if err != nil {
		return exam, errors.New("the metadata are not a JSON object without duplicates")
	}
	exam.Issuer, _ = doc.Text("issuer")
	exam.IssuerFits = e.authority.CheckIssuer(exam.Issuer) == nil
	if exam.checked, err = parseMetadata(body, e.authority); err != nil {
		return exam, err
	}
	exam.AuthorizationEndpoint = exam.checked.authorization
	exam.TokenEndpoint, exam.KeysURL = exam.checked.token.URL, exam.checked.jwks
	exam.EndSessionEndpoint = exam.checked.endSession
	exam.RevocationEndpoint, exam.RevocationFault = exam.checked.revocation.endpoint.URL, exam.checked.revocation.err
	exam.PushEndpoint, exam.PushRequired, exam.PushFault = exam.checked.pushed.endpoint, exam.checked.pushed.required, exam.checked.pushed.err
	exam.Algorithms = exam.checked.algorithms
	return exam, nil
}

// KeysExam contains the numbers of a provider's keys.
type KeysExam struct {
	// Listed is the number of keys in the set.
	Listed int
	// Usable is how many of them are public signature keys of an accepted type and
	// size.
	Usable int
	// Fitting is how many usable keys can sign an ID token that is accepted here,
	// by their algorithm and by their issuer.
	Fitting int
	// AnyTenant is how many fitting keys have an issuer for every tenant, or none.
	AnyTenant int
	// WithoutIssuer is how many usable keys have no issuer. With an authority for
	// many tenants such a key cannot sign.
	WithoutIssuer int
}

// Keys requests the key set that the metadata name. It returns errors as Metadata
// does. If the key set is refused, it returns the counts together with the error.
func (e *Examiner) Keys(ctx context.Context, m MetadataExam) (KeysExam, error) {
	body, err := e.get(ctx, m.checked.jwks)
	if err != nil {
		return KeysExam{}, err
	}
	var exam KeysExam
	if doc, err := providerhttp.ParseObject(body); err == nil {
		listed, _ := doc.List("keys")
		exam.Listed = len(listed)
	}
	set, err := idtoken.ParseKeySet(body)
	exam.Usable = len(set)
	exam.Fitting, exam.AnyTenant, exam.WithoutIssuer = set.Count(m.checked.issuer, m.checked.algorithms)
	return exam, err
}

// get requests a document once. ResponseOf reads its error for any status but 200.
func (e *Examiner) get(ctx context.Context, target string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, providerhttp.Unavailable("the URL cannot be requested")
	}
	req.Header.Set("Accept", "application/json")
	response, err := e.client.Do(ctx, req)
	if err == nil && response.Status != http.StatusOK {
		err = &providerhttp.StatusError{Status: response.Status, Body: response.Body}
	}
	return response.Body, err
}
