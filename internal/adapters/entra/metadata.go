package entra

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/providerhttp"
)

// metadata is what the provider says of itself (OpenID Connect Discovery 1.0,
// section 3), as far as it is used here, checked.
type metadata struct {
	issuer        authority.Issuer
	authorization string
	token         string
	jwks          string
	endSession    string   // empty where there is none
	userInfo      string   // empty where it is not to be asked
	algorithms    []string // of ID tokens, those that are acceptable here
	postSecret    bool     // the client secret goes into the form, not the header
	sendsIssuer   bool     // RFC 9207
	// Client assertions, and the algorithms to sign them with; nil where the
	// metadata do not say.
	takesAssertions     bool
	assertionAlgorithms []string
	prompts             []string // nil where it does not say
}

// loadMetadata fetches the metadata and checks them as a whole.
func (p *Provider) loadMetadata(ctx context.Context, last metadata) (metadata, error) {
	body, err := p.client.Get(providerhttp.WithEndpoint(ctx, providerhttp.EndpointMetadata), p.authority.DiscoveryURL())
	if err != nil {
		err = documentError(err)
		p.log.WarnContext(ctx, `provider metadata not loaded; run "webapp doctor" to find out why`, slog.Any("err", err))
		return metadata{}, err
	}
	m, err := parseMetadata(body, p.authority)
	if err == nil {
		err = m.keepAlgorithm(p.cfg.SigningAlgorithm)
	}
	if err == nil && last.issuer != "" && m.issuer != last.issuer {
		// A domain, or a B2C policy, does not say which issuer to expect. The
		// first one holds, so that it cannot change under signed-in people.
		err = errors.New("the metadata's issuer has changed")
	}
	if err != nil {
		p.log.ErrorContext(ctx, `provider metadata refused; run "webapp doctor" to find out why`, slog.Any("err", err))
		return metadata{}, unfitDocument(body, err)
	}
	return m, nil
}

func parseMetadata(body []byte, configured authority.Authority) (metadata, error) {
	doc, err := providerhttp.ParseObject(body)
	if err != nil {
		return metadata{}, errors.New("the metadata are not a JSON object without duplicates")
	}
	if !doc.Has("issuer") {
		return metadata{}, errors.New("the metadata have no issuer")
	}
	issuer, ok := doc.Text("issuer")
	if !ok {
		return metadata{}, authority.ErrIssuer
	}
	if err := configured.CheckIssuer(issuer); err != nil {
		return metadata{}, err
	}
	m := metadata{issuer: authority.Issuer(issuer), userInfo: userInfoEndpoint(doc, configured)}
	for name, field := range map[string]*string{
		"authorization_endpoint": &m.authorization,
		"token_endpoint":         &m.token,
		"jwks_uri":               &m.jwks,
		"end_session_endpoint":   &m.endSession,
	} {
		if *field, err = endpoint(doc, name, configured); err != nil {
			return metadata{}, err
		}
	}
	if err := m.readMethods(doc); err != nil {
		return metadata{}, err
	}
	return m, nil
}

// endpoint returns a checked URL; only the end-session endpoint may be absent.
func endpoint(doc providerhttp.Object, name string, configured authority.Authority) (string, error) {
	if name == "end_session_endpoint" && !doc.Has(name) {
		return "", nil
	}
	text, ok := doc.Text(name)
	if !ok || text == "" {
		return "", errors.New("the metadata have no " + name)
	}
	u, err := authority.ParseWebURL(text)
	if err != nil {
		return "", errors.New("the metadata's " + name + " " + err.Error())
	}
	if u.Scheme != configured.Scheme() && u.Scheme != "https" {
		// A provider out there has no business on this machine.
		return "", errors.New("the metadata's " + name + " must use https")
	}
	return text, nil
}

func (m *metadata) readMethods(doc providerhttp.Object) error {
	offered, ok := doc.Texts("id_token_signing_alg_values_supported")
	if !ok {
		return errors.New("the metadata's signing algorithms are not a list of names")
	}
	if offered == nil {
		offered = []string{"RS256"} // what every provider has to support
	}
	m.algorithms = idtoken.Acceptable(offered)
	if len(m.algorithms) == 0 {
		return errors.New("the metadata offer no acceptable signing algorithm")
	}
	methods, ok := doc.Texts("token_endpoint_auth_methods_supported")
	if !ok {
		return errors.New("the metadata's client authentication methods are not a list of names")
	}
	// Absent means client_secret_basic (Discovery 1.0, section 3).
	m.postSecret = slices.Contains(methods, "client_secret_post")
	m.takesAssertions = slices.Contains(methods, "private_key_jwt")
	if m.assertionAlgorithms, ok = doc.Texts("token_endpoint_auth_signing_alg_values_supported"); !ok {
		return errors.New("the metadata's client assertion algorithms are not a list of names")
	}
	if m.prompts, ok = doc.Texts("prompt_values_supported"); !ok {
		return errors.New("the metadata's prompt values are not a list of names")
	}
	if m.sendsIssuer, ok = doc.Flag("authorization_response_iss_parameter_supported"); !ok {
		return errors.New("the metadata's authorization_response_iss_parameter_supported is not a boolean")
	}
	return nil
}

// keepAlgorithm leaves only the algorithm that the application is registered
// for, where that is known: a token that is signed by another is not meant for
// it (OpenID Connect Core 1.0, section 3.1.3.7, point 7).
func (m *metadata) keepAlgorithm(registered string) error {
	if registered == "" {
		return nil
	}
	if !slices.Contains(m.algorithms, registered) {
		return errors.New("the metadata do not offer the registered signing algorithm")
	}
	m.algorithms = idtoken.Acceptable([]string{registered})
	return nil
}
