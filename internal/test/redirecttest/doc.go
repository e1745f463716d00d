// Package redirecttest attacks whatever takes an address from a stranger and
// redirects to it. It has a corpus of payloads that open redirectors fall for,
// and a resolver that reads a Location as browsers do.
//
// The resolver follows the URL Standard (https://url.spec.whatwg.org), not
// RFC 3986, and shares no code with what it judges; the journeys hold it against
// Chromium. It is for tests: in doubt it says "another origin".
package redirecttest
