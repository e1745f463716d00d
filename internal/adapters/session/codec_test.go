package session

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

var codecStart = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestGUIDs(t *testing.T) {
	for text, want := range map[string]bool{
		"11112222-3333-4444-5555-666677778888":  true,
		"00c0ffee-0000-4000-8000-00000000beef":  true,
		"00C0FFEE-0000-4000-8000-00000000BEEF":  false,
		"":                                      false,
		"11112222-3333-4444-5555-66667777888":   false,
		"11112222-3333-4444-5555-6666777788889": false,
		"11112222x3333-4444-5555-666677778888":  false,
		"1111222g-3333-4444-5555-666677778888":  false,
		"111122223-333-4444-5555-666677778888":  false,
	} {
		require.Equal(t, want, isGUID(text), text)
		if want {
			require.Equal(t, text, string(unpackGUID(nil, string(packGUID(nil, text)))))
		}
	}
}

func TestSessionCodec(t *testing.T) {
	sample := portstest.SampleSession(codecStart)
	tests := map[string]func(*ports.Session){
		"full":                  func(*ports.Session) {},
		"nothing at all":        func(s *ports.Session) { *s = ports.Session{} },
		"issuer without tenant": func(s *ports.Session) { s.Identity.Issuer = "https://id.example" },
		"issuer is the tenant":  func(s *ports.Session) { s.Identity.Issuer = s.Identity.TenantID },
		"issuer names it twice": func(s *ports.Session) { s.Identity.Issuer = s.Identity.TenantID + "/" + s.Identity.TenantID },
		"issuer of another cloud": func(s *ports.Session) {
			s.Identity.Issuer = "https://login.microsoftonline.us/" + s.Identity.TenantID + "/v2.0"
		},
		"issuer of version 1":         func(s *ports.Session) { s.Identity.Issuer = "https://sts.windows.net/" + s.Identity.TenantID + "/" },
		"issuer all but Entra's":      func(s *ports.Session) { s.Identity.Issuer += "/" },
		"issuer of another tenant":    func(s *ports.Session) { s.Identity.TenantID = "11111111-0a9e-4d8c-b7a6-5e4f3d2c1b0a" },
		"no tenant":                   func(s *ports.Session) { s.Identity.TenantID = "" },
		"tenant in capitals":          func(s *ports.Session) { s.Identity.TenantID = "ABCDEF12-3333-4444-5555-666677778888" },
		"issuer longer than a page":   func(s *ports.Session) { s.Identity.Issuer = string(make([]byte, 5000)) },
		"one role, empty":             func(s *ports.Session) { s.Identity.Roles = []string{""} },
		"no provider session":         func(s *ports.Session) { s.Identity.ProviderSession = "" },
		"times before 1970":           func(s *ports.Session) { s.Started = time.Unix(-5, 999999999).UTC() },
		"times in the far future":     func(s *ports.Session) { s.Expires = time.Date(9999, 1, 2, 3, 4, 5, 6, time.UTC) },
		"provider session no GUID":    func(s *ports.Session) { s.Identity.ProviderSession = "keycloak-session" },
		"subject of the longest kind": func(s *ports.Session) { s.Identity.Subject = string(make([]byte, 255)) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			kept := keptSession{Session: sample, indexedBy: keyID{1, 2}}
			s := &kept
			change(&s.Session)
			data, err := codec{}.Encode(s.Expires, map[string]any{sessionValue: s})
			require.NoError(t, err)
			deadline, values, err := codec{}.Decode(data)
			require.NoError(t, err)
			require.Equal(t, s, values[sessionValue])
			require.Equal(t, s.Expires, deadline)
			for cut := range data {
				_, err := decodeSession(data[:cut])
				require.ErrorIs(t, err, errUnreadable)
			}
		})
	}
	require.Less(t, len(encodeSession(&keptSession{Session: sample})), 210)
}

func TestUnknownVersionsAreUnreadable(t *testing.T) {
	s, g, p := keptSession{Session: portstest.SampleSession(codecStart)}, portstest.SampleGrant(codecStart), portstest.SamplePending("s", codecStart)
	session, grant, pending, claims := encodeSession(&s), encodeGrant(&g), encodePending(&p), encodeClaims(portstest.SampleClaims())
	session[0], grant[0], pending[0], claims[0] = 9, 9, 9, 9
	_, err := decodeSession(session)
	require.ErrorIs(t, err, errUnreadable)
	_, err = decodeGrant(grant)
	require.ErrorIs(t, err, errUnreadable)
	_, err = decodePending(pending)
	require.ErrorIs(t, err, errUnreadable)
	_, err = decodeClaims(claims)
	require.ErrorIs(t, err, errUnreadable)
	_, err = codec{}.Encode(codecStart, map[string]any{sessionValue: "text"})
	require.ErrorIs(t, err, errUnreadable)
}

func TestClaimsCodec(t *testing.T) {
	for _, claims := range [][]ports.Claim{nil, {{}}, portstest.SampleClaims()} {
		data := encodeClaims(claims)
		got, err := decodeClaims(data)
		require.NoError(t, err)
		require.Equal(t, claims, got)
		for cut := range data {
			_, err := decodeClaims(data[:cut])
			require.ErrorIs(t, err, errUnreadable)
		}
	}
}

func TestWhatABrowserCallsItselfIsBounded(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"Firefox on Linux":            "Firefox on Linux",
		strings.Repeat("x", 81):       strings.Repeat("x", 80),
		strings.Repeat("x", 79) + "é": strings.Repeat("x", 79),
		strings.Repeat("\x80", 100):   "",
	} {
		require.Equal(t, want, clip(text, maxDevice))
	}
}

func TestGrantAndPendingCodec(t *testing.T) {
	for _, g := range []ports.Grant{{}, portstest.SampleGrant(codecStart), {AccessTokens: []ports.AccessToken{{Expires: codecStart}}}} {
		data := encodeGrant(&g)
		got, err := decodeGrant(data)
		require.NoError(t, err)
		require.Equal(t, g, got)
		_, err = decodeGrant(append(data, 0))
		require.ErrorIs(t, err, errUnreadable)
	}
	p := portstest.SamplePending("state", codecStart)
	data := encodePending(&p)
	got, err := decodePending(data)
	require.NoError(t, err)
	require.Equal(t, p, got)
	for cut := range data {
		_, err := decodePending(data[:cut])
		require.ErrorIs(t, err, errUnreadable)
	}
}

func TestForgedLengthsAskForNoMemory(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}
	for _, data := range [][]byte{
		append([]byte{grantVersion}, huge...),
		append([]byte{sessionVersion, 0}, huge...),
		append([]byte{pendingVersion}, huge...),
		append([]byte{claimsVersion}, huge...),
	} {
		require.Less(t, testing.AllocsPerRun(10, func() {
			_, _ = decodeGrant(data)
			_, _ = decodeSession(data)
			_, _ = decodePending(data)
			_, _ = decodeClaims(data)
		}), 20.0)
	}
	r := newReader([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	require.Equal(t, uint64(math.MaxUint64), r.uvarint())
	r = newReader([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	r.uvarint()
	require.Error(t, r.done(), "longer than any number")
}

// FuzzDecode feeds a stranger's bytes to the decoders: none may panic, and what
// one accepts must survive another round.
func FuzzDecode(f *testing.F) {
	s, g, p := keptSession{Session: portstest.SampleSession(codecStart)}, portstest.SampleGrant(codecStart), portstest.SamplePending("s", codecStart)
	f.Add(encodeSession(&s))
	f.Add(encodeGrant(&g))
	f.Add(encodePending(&p))
	f.Add(encodeClaims(portstest.SampleClaims()))
	f.Add([]byte{})
	f.Add([]byte{1, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := decodeSession(data); err == nil {
			again, err := decodeSession(encodeSession(s))
			require.NoError(t, err)
			require.Equal(t, s, again)
		}
		if g, err := decodeGrant(data); err == nil {
			again, err := decodeGrant(encodeGrant(&g))
			require.NoError(t, err)
			require.Equal(t, g, again)
		}
		if c, err := decodeClaims(data); err == nil {
			again, err := decodeClaims(encodeClaims(c))
			require.NoError(t, err)
			require.Equal(t, c, again)
		}
		if p, err := decodePending(data); err == nil {
			again, err := decodePending(encodePending(&p))
			require.NoError(t, err)
			require.Equal(t, p, again)
		}
	})
}

func BenchmarkDecodeSession(b *testing.B) {
	s := keptSession{Session: portstest.SampleSession(codecStart)}
	data := encodeSession(&s)
	b.ReportMetric(float64(len(data)), "bytes")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := (codec{}).Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func TestGroupsRoundTrip(t *testing.T) {
	many := make([]string, ports.MaxMemberGroups)
	for i := range many {
		many[i] = fmt.Sprintf("0d1e9a54-7c3b-4f28-9e6d-%012x", i)
	}
	asOf := time.Unix(1795450140, 7).UTC()
	for name, g := range map[string]ports.Groups{
		"none":          {},
		"none, dated":   {AsOf: asOf},
		"overage alone": {Overage: true},
		"a few":         {IDs: many[:3], AsOf: asOf},
		"many":          {IDs: many, Overage: true, AsOf: asOf},
		"no GUIDs":      {IDs: []string{"admins", many[0]}, AsOf: asOf},
	} {
		data := encodeGrant(&ports.Grant{Groups: g})
		got, err := decodeGrant(data)
		require.NoError(t, err, name)
		require.True(t, g.AsOf.Equal(got.Groups.AsOf), name)
		got.Groups.AsOf = g.AsOf
		require.Equal(t, g, got.Groups, name)
		for cut := range min(len(data), 200) {
			_, err := decodeGrant(data[:cut])
			require.Error(t, err, "%s cut at %d", name, cut)
		}
	}
}
