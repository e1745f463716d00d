package authority

import (
	"errors"
	"net/url"
	"strings"
)

// DiscoveryURL returns the address of the metadata (OpenID Connect Discovery 1.0,
// section 4; Entra has them below v2.0).
func (a Authority) DiscoveryURL() string {
	const wellKnown = "/.well-known/openid-configuration"
	if a.Kind == KindOther {
		return strings.TrimSuffix(a.issuer, "/") + wellKnown
	}
	query := ""
	if a.appID != "" {
		query = "?appid=" + a.appID
	}
	return a.base.String() + "/v2.0" + wellKnown + query
}

// Origin returns the scheme and host of the authority.
func (a Authority) Origin() string { return a.base.Scheme + "://" + a.base.Host }

// parseAppID reads the query, which is empty or names an application.
func parseAppID(u *url.URL) (string, error) {
	if u.RawQuery == "" && !u.ForceQuery {
		return "", nil
	}
	id, ok := strings.CutPrefix(u.RawQuery, "appid=")
	if id = strings.ToLower(id); !ok || !IsGUID(id) {
		return "", errors.New("must not have a query, but for ?appid= with the application ID")
	}
	return id, nil
}
