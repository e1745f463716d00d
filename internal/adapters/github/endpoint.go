package github

import "context"

// The endpoints that EndpointOf tells apart.
const (
	endpointToken = "token"
	endpointUser  = "userinfo" // what OpenID Connect would call it
)

type endpointKey struct{}

// asking marks that a call made with ctx goes to this endpoint.
func asking(ctx context.Context, endpoint string) context.Context {
	return context.WithValue(ctx, endpointKey{}, endpoint)
}

// EndpointOf tells a transport what the request of this context asks for:
// "token" or "userinfo"; "" for anything else.
func EndpointOf(ctx context.Context) string {
	endpoint, _ := ctx.Value(endpointKey{}).(string)
	return endpoint
}
