package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Examiner looks at a provider piece by piece, for a person who wants to know
// why sign-ins do not work. It keeps nothing, writes no log, and asks each thing
// once. It needs no credential; ExamineCredential does.
type Examiner struct {
	authority authority.Authority
	client    *providerhttp.Client
}

// NewExaminer returns an Examiner that sends its requests through transport,
// each of which may take as long as timeout.
func NewExaminer(configured authority.Authority, transport http.RoundTripper, timeout time.Duration) *Examiner {
	return &Examiner{configured, providerhttp.New(providerhttp.Config{Transport: transport, Timeout: timeout})}
}

// StatusError says that the provider answered a request, and that its answer is
// of no use. errors.Is finds ports.ErrProviderUnavailable.
type StatusError struct {
	// Status is the HTTP status.
	Status int
	// Said is the error in the answer, zero where it holds none.
	Said ports.ProviderError
}

// Error names the status and the number.
func (e *StatusError) Error() string {
	if number := e.Said.NumberText(); number != "" {
		return fmt.Sprintf("%v: it answered with status %d (%s)", ports.ErrProviderUnavailable, e.Status, number)
	}
	return fmt.Sprintf("%v: it answered with status %d", ports.ErrProviderUnavailable, e.Status)
}

// Unwrap returns ports.ErrProviderUnavailable.
func (e *StatusError) Unwrap() error { return ports.ErrProviderUnavailable }

// fetch gets a document; *StatusError where the answer is no document.
func (e *Examiner) fetch(ctx context.Context, target string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, providerhttp.Unavailable("the address cannot be asked")
	}
	req.Header.Set("Accept", "application/json")
	got, err := e.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	if got.Status != http.StatusOK {
		return nil, refusedAnswer(got)
	}
	return got.Body, nil
}

func refusedAnswer(got providerhttp.Answer) *StatusError {
	e := &StatusError{Status: got.Status}
	if doc, err := providerhttp.ParseObject(got.Body); err == nil {
		e.Said = *tokenError(doc)
	}
	return e
}

// MetadataExam is what a provider's metadata say of it. The values are the
// provider's own words: bound and escape them before showing them to a person.
type MetadataExam struct {
	// Issuer is the issuer that the metadata name, and IssuerFits whether it is
	// one of the configured authority.
	Issuer     string
	IssuerFits bool
	// AuthorizationEndpoint is where people sign in, TokenEndpoint where the
	// application shows its credential, and KeysURL where the keys are.
	AuthorizationEndpoint string
	TokenEndpoint         string
	KeysURL               string
	// EndSessionEndpoint is empty where the provider offers no sign-out.
	EndSessionEndpoint string
	// Algorithms are those of ID tokens that are acceptable here.
	Algorithms []string

	checked metadata
}

// Metadata fetches the metadata and checks them as a sign-in does. With an error
// other than ports.ErrProviderUnavailable the answer holds what could be read;
// the error's text is constant.
func (e *Examiner) Metadata(ctx context.Context) (MetadataExam, error) {
	body, err := e.fetch(ctx, e.authority.DiscoveryURL())
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
	exam.TokenEndpoint, exam.KeysURL = exam.checked.token, exam.checked.jwks
	exam.EndSessionEndpoint = exam.checked.endSession
	exam.Algorithms = exam.checked.algorithms
	return exam, nil
}

// KeysExam counts a provider's keys. Each number is of those in the line before.
type KeysExam struct {
	// Listed are all keys of the set.
	Listed int
	// Usable are public signature keys of an accepted type and size.
	Usable int
	// Fitting can sign an ID token that is accepted here: by their algorithm and
	// by the issuer they name.
	Fitting int
	// AnyTenant name an issuer for every tenant, or none.
	AnyTenant int
	// WithoutIssuer name no issuer, of the usable ones. With an authority for
	// many tenants they sign for nobody.
	WithoutIssuer int
}

// Keys fetches the key set that the metadata name. Its errors are those of
// Metadata; one about the set itself comes with the counts.
func (e *Examiner) Keys(ctx context.Context, m MetadataExam) (KeysExam, error) {
	body, err := e.fetch(ctx, m.checked.jwks)
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
