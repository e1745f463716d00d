package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const partyDocument = "../../docs/openid-conformance.md"

// partyVerdicts returns the words in the table of docs/openid-conformance.md other than
// "yes".
func partyVerdicts() map[string]string {
	return map[string]string{
		"form_post/oidcc-client-test-form-post-error":        "in part",
		"comprehensive/oidcc-client-test-aggregated-claims":  "in part",
		"comprehensive/oidcc-client-test-distributed-claims": "no",
	}
}

// suiteTests lists all relying-party tests of the suite (August 2026), without their
// common prefix.
const suiteTests = `
	3rd-party-init-login aggregated-claims client-secret-basic discovery-issuer-mismatch discovery-jwks-uri-keys
	discovery-openid-config discovery-webfinger-acct discovery-webfinger-url distributed-claims dynamic-registration
	form-post-error idtoken-sig-none idtoken-sig-rs256 invalid-athash invalid-aud invalid-chash invalid-iss
	invalid-sig-es256 invalid-sig-hs256 invalid-sig-rs256 kid-absent-multiple-jwks kid-absent-single-jwks
	missing-athash missing-aud missing-chash missing-iat missing-sub mtls-endpoint-aliases nonce-invalid
	nonce-unless-code-flow refresh-token refresh-token-invalid-issuer refresh-token-invalid-sub
	request-uri-signed-none request-uri-signed-rs256 rp-backchannel-rpinitlogout
	rp-backchannel-rpinitlogout-alg-none rp-backchannel-rpinitlogout-no-event
	rp-backchannel-rpinitlogout-with-nonce rp-backchannel-rpinitlogout-wrong-alg
	rp-backchannel-rpinitlogout-wrong-aud rp-backchannel-rpinitlogout-wrong-event
	rp-backchannel-rpinitlogout-wrong-iss rp-frontchannel-opinitlogout rp-frontchannel-rpinitlogout
	rp-init-logout rp-init-logout-no-state rp-init-logout-other-state scope-userinfo-claims session-management
	signing-key-rotation signing-key-rotation-just-before-signing userinfo-bearer-body userinfo-bearer-header
	userinfo-invalid-sub userinfo-signed`

// The table in docs/openid-conformance.md lists each test of the suite, and
// TestRelyingParty runs exactly the tests that it says are passed.
func TestRelyingPartyTable(t *testing.T) {
	run := make(map[string]string)
	for _, profile := range partyProfiles() {
		for _, c := range profile.tests {
			name := profile.name + "/" + c.name
			require.NotContains(t, run, name)
			run[name] = "yes"
		}
	}
	maps.Copy(run, partyVerdicts())

	said, named := make(map[string]string), make(map[string]bool)
	for name, verdict := range readPartyTable(t) {
		_, test, _ := strings.Cut(name, "/")
		named[test] = true
		if verdict != "not applicable" {
			said[name] = verdict
		}
	}
	assert.Equal(t, run, said)

	all := []string{"oidcc-client-test"}
	for name := range strings.FieldsSeq(suiteTests) {
		all = append(all, "oidcc-client-test-"+name)
	}
	assert.ElementsMatch(t, all, slices.Collect(maps.Keys(named)))
}

var partyTestName = regexp.MustCompile("`(oidcc-client-test[a-z0-9-]*)`")

// readPartyTable returns the verdict in the table for each test of each profile,
// without the explanation.
func readPartyTable(t *testing.T) map[string]string {
	t.Helper()
	document, err := os.ReadFile(partyDocument)
	require.NoError(t, err)
	table := make(map[string]string)
	for line := range strings.Lines(string(document)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 3 {
			continue
		}
		verdict := strings.TrimSpace(cells[2])
		if end := strings.IndexAny(verdict, ":;,"); end >= 0 {
			verdict = verdict[:end]
		}
		for _, test := range partyTestName.FindAllStringSubmatch(cells[1], -1) {
			for profile := range strings.SplitSeq(cells[0], ",") {
				name := strings.TrimSpace(profile) + "/" + test[1]
				require.NotContains(t, table, name, "a test stands twice")
				table[name] = verdict
			}
		}
	}
	return table
}
