// Package docsteps follows the steps of docs/your-app.md and docs/adapters.md in a copy of
// this module, and compiles and tests the result.
//
//	go test -tags integration ./internal/e2e/docsteps
package docsteps
