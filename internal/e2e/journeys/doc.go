// Package journeys tests the built binary with headless Chromium. Each test is one
// thing that a person does, from its start to its end. The provider is the one of
// -demo; a fakeidp inside the test, if the test changes its policies or faults; or
// oidc-provider from npm, which shows that the application works with another
// implementation.
//
//	npm ci --prefix internal/e2e/journeys/testdata/oidc-provider
//	go test -tags integration ./internal/e2e/journeys/...
//
// The tests need chromium, node and npm. Without them the tests fail and are not
// skipped.
package journeys
