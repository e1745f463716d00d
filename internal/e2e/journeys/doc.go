// Package journeys holds what a person does with the application from its start
// to its end, as tests that drive the built binary with headless Chromium: one
// function a journey. The provider is the built-in demo; or the same one inside
// the test, where its policies and faults change while the person is on the way;
// or oidc-provider from npm, where the journey shows that the application gets
// along with a provider that nobody here wrote.
//
//	npm ci --prefix internal/e2e/journeys/testdata/oidc-provider
//	go test -tags integration ./internal/e2e/journeys/...
//
// They need chromium, node and npm. Where one is missing, the tests fail; none
// is skipped.
package journeys
