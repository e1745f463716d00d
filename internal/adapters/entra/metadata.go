package entra

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/providerhttp"
)

// metadata contains the checked provider metadata (OpenID Connect Discovery 1.0,
// section 3) that this package uses.
type metadata struct {
	issuer        authority.Issuer
	authorization string
	token         credential.Endpoint
	jwks          string
	endSession    string   // empty if the provider has none
	signOut       string   // the URL of endSession with the parameters of every sign-out
	userInfo      string   // empty if it must not be asked
	algorithms    []string // of ID tokens, the acceptable ones
	sendsIssuer   bool     // RFC 9207
	pushed        pushedRequests
	revocation    revocation
	prompts       []string // nil if the metadata do not list them
	locales       bool     // the metadata list languages of the provider's pages
}

// loadMetadata requests the metadata and checks them. It refuses metadata whose
// issuer differs from that of the metadata loaded before. The configuration does
// not determine the issuer of a domain or of a B2C policy, and the issuer must not
// change while people are signed in.
func (p *Provider) loadMetadata(ctx context.Context, configured authority.Authority, last metadata) (metadata, error) {
	body, err := p.client.Get(providerhttp.WithEndpoint(ctx, providerhttp.EndpointMetadata), configured.DiscoveryURL())
	if err != nil {
		err = documentError(err)
		p.log.WarnContext(ctx, `provider metadata not loaded; run "webapp doctor" to find out why`, slog.Any("err", err))
		return metadata{}, err
	}
	m, err := parseMetadata(body, configured)
	if err == nil {
		err = m.requireAlgorithm(p.cfg.SigningAlgorithm)
	}
	if err == nil && last.issuer != "" && m.issuer != last.issuer {
		err = errors.New("the metadata's issuer has changed")
	}
	if err != nil {
		p.log.ErrorContext(ctx, `provider metadata refused; run "webapp doctor" to find out why`, slog.Any("err", err))
		return metadata{}, refusedDocument(body, err)
	}
	m.signOut = p.signOutURL(m.endSession)
	return m, nil
}

// parseMetadata reads and checks a metadata document.
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
	m := metadata{issuer: authority.Issuer(issuer)}
	for name, field := range map[string]*string{
		"authorization_endpoint": &m.authorization,
		"token_endpoint":         &m.token.URL,
		"jwks_uri":               &m.jwks,
	} {
		if *field, err = readURL(doc, name, configured); err != nil {
			return metadata{}, err
		}
	}
	if doc.Has("end_session_endpoint") {
		if m.endSession, err = readURL(doc, "end_session_endpoint", configured); err != nil {
			return metadata{}, err
		}
	}
	// Entra's UserInfo endpoint is not used: the ID token has the name, and access
	// tokens are for other APIs. If the URL of the endpoint fails the check, the
	// application sends no token to it.
	if !configured.Entra() {
		m.userInfo, _ = readURL(doc, "userinfo_endpoint", configured)
	}
	m.pushed = readPushedRequests(doc, configured)
	if err := m.readMethods(doc, configured); err != nil {
		return metadata{}, err
	}
	m.revocation = readRevocation(doc, configured, m.token)
	return m, nil
}

// readURL returns the URL of an endpoint. A provider on another machine must not
// send requests to this one, so its URLs use https.
func readURL(doc providerhttp.Object, name string, configured authority.Authority) (string, error) {
	text, ok := doc.Text(name)
	if !ok || text == "" {
		return "", errors.New("the metadata have no " + name)
	}
	u, err := authority.ParseWebURL(text)
	if err != nil {
		return "", errors.New("the metadata's " + name + " " + err.Error())
	}
	if u.Scheme != configured.Scheme() && u.Scheme != "https" {
		return "", errors.New("the metadata's " + name + " must use https")
	}
	return text, nil
}

// readMethods reads the algorithms and methods that the provider supports.
func (m *metadata) readMethods(doc providerhttp.Object, configured authority.Authority) error {
	offered, ok := doc.Texts("id_token_signing_alg_values_supported")
	if !ok {
		return errors.New("the metadata's signing algorithms are not a list of names")
	}
	if offered == nil {
		offered = []string{"RS256"} // every provider has to support it
	}
	m.algorithms = idtoken.Acceptable(offered)
	if len(m.algorithms) == 0 {
		return errors.New("the metadata offer no acceptable signing algorithm")
	}
	methods, ok := doc.Texts("token_endpoint_auth_methods_supported")
	if !ok {
		return errors.New("the metadata's client authentication methods are not a list of names")
	}
	// If the list is absent, the method is client_secret_basic (Discovery 1.0,
	// section 3).
	m.token.SecretInForm = slices.Contains(methods, "client_secret_post")
	// Every Entra authority takes client assertions. B2C's metadata do not announce
	// it.
	m.token.TakesAssertions = configured.Entra() || slices.Contains(methods, "private_key_jwt")
	if m.token.AssertionAlgorithms, ok = doc.Texts("token_endpoint_auth_signing_alg_values_supported"); !ok {
		return errors.New("the metadata's client assertion algorithms are not a list of names")
	}
	if m.prompts, ok = doc.Texts("prompt_values_supported"); !ok {
		return errors.New("the metadata's prompt values are not a list of names")
	}
	m.locales = doc.Has("ui_locales_supported")
	if m.sendsIssuer, ok = doc.Flag("authorization_response_iss_parameter_supported"); !ok {
		return errors.New("the metadata's authorization_response_iss_parameter_supported is not a boolean")
	}
	return nil
}

// requireAlgorithm leaves only the algorithm that the application is registered
// for, if one is configured. Tokens that are signed with another one are not meant
// for it (OpenID Connect Core 1.0, section 3.1.3.7, point 7).
func (m *metadata) requireAlgorithm(registered string) error {
	if registered == "" {
		return nil
	}
	if !slices.Contains(m.algorithms, registered) {
		return errors.New("the metadata do not offer the registered signing algorithm")
	}
	m.algorithms = idtoken.Acceptable([]string{registered})
	return nil
}
