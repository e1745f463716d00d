package entra

import (
	"context"
	"net/http"
)

// The endpoints that EndpointOf tells apart.
const (
	endpointMetadata = "metadata"
	endpointKeys     = "keys"
	endpointToken    = "token"
	endpointUserInfo = "userinfo"
	endpointGraph    = "graph"
)

type endpointKey struct{}

// asking marks that a call made with ctx goes to this endpoint.
func asking(ctx context.Context, endpoint string) context.Context {
	return context.WithValue(ctx, endpointKey{}, endpoint)
}

// EndpointOf tells a Config.Transport what the request of this context asks
// for: "metadata", "keys", "token", "userinfo" or "graph"; "" for anything else. A
// transport cannot see it by the URL, which is the provider's choice.
func EndpointOf(ctx context.Context) string {
	endpoint, _ := ctx.Value(endpointKey{}).(string)
	return endpoint
}

// DefaultTransport returns a new transport like the one that a Config without
// Transport gets, for whoever wants to stand in front of it.
func DefaultTransport() *http.Transport { return newTransport(defaultTimeout) }
