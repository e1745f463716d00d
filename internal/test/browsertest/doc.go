// Package browsertest drives the built binary from outside, as a person with a
// browser does: it builds cmd/webapp, runs it in an empty directory, and opens
// its pages in headless Chromium.
//
// Elements are found by their role and accessible name, the way a screen reader
// announces them, so that a page that cannot be used that way fails. A browser
// complaint (a script error, a violated Content-Security-Policy, a resource
// that did not load) fails the test that caused it.
//
// Chromium is taken from the variable CHROMIUM or from PATH. Where it is
// missing, a test fails: nothing is skipped. The browser can reach loopback
// addresses and nothing else.
package browsertest
