package providerhttp

import "context"

// The endpoints that EndpointOf tells apart.
const (
	EndpointMetadata = "metadata"
	EndpointKeys     = "keys"
	EndpointToken    = "token"
	EndpointUserInfo = "userinfo"
	EndpointGraph    = "graph"
)

type endpointKey struct{}

// WithEndpoint returns a context whose requests go to this endpoint.
func WithEndpoint(ctx context.Context, endpoint string) context.Context {
	return context.WithValue(ctx, endpointKey{}, endpoint)
}

// EndpointOf returns the endpoint that the request of this context goes to, or
// "" where nobody said. A transport cannot tell it by the URL, which is the
// provider's choice.
func EndpointOf(ctx context.Context) string {
	endpoint, _ := ctx.Value(endpointKey{}).(string)
	return endpoint
}
