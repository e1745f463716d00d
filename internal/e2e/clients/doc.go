// Package clients tests `webapp fakeidp` with libraries that applications in other
// languages use: Microsoft's libraries for Node, Python and Go, openid-client, and
// go-oidc. It runs the examples of docs/fake-entra.md as they stand there.
//
//	npm ci --prefix internal/e2e/clients/testdata
//	go test -tags integration ./internal/e2e/clients
//
// The tests need node, npm, and Debian's python3-flask and python3-msal. Without
// them the tests fail and are not skipped.
package clients
