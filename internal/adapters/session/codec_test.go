package session

import (
	"encoding/base64"
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
		"auth_time alone":             func(s *ports.Session) { s.Identity.AuthContexts = nil },
		"acrs alone":                  func(s *ports.Session) { s.Identity.AuthTime = time.Time{} },
		"neither":                     func(s *ports.Session) { s.Identity.AuthTime, s.Identity.AuthContexts = time.Time{}, nil },
		"no groups":                   func(s *ports.Session) { s.Groups = []string{} },
		"groups not known":            func(s *ports.Session) { s.Groups = nil },
		"groups of another kind":      func(s *ports.Session) { s.Groups = []string{s.Groups[0], "", "admins"} },
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
	require.Less(t, len(encodeSession(&keptSession{Session: sample})), 260)
}

// A record of a program without auth_time, acrs and groups stays readable.
func TestEarlierSessionRecords(t *testing.T) {
	earlier, err := base64.StdEncoding.DecodeString("AX8BAm8dLDsKnk2Mt6ZeTz0sGwoRESIiMzNERFVVZmZ3d4iIAMD/7gAAQACAAAAAAAC+7yt3cTdyWGsyTjhtWjBhWXRWYkg0" +
		"Y1BkSjFzTGdFNXVGOW9ReFRuUjNpS3ZNDlpvw6sg546L5bCP5piOE3pvZUBjb250b3NvLmV4YW1wbGUQRmlyZWZveCBvbiBMaW51eAINUmVwb3J0LlJlYWRl" +
		"cgVBZG1pbqCAoJoNAKCAoJoNwJ+rA8C4oJoNAAsyIC9jYWxsX2FwaQ==")
	require.NoError(t, err)
	want := portstest.SampleSession(codecStart)
	want.Identity.AuthTime, want.Identity.AuthContexts, want.Groups = time.Time{}, nil, nil
	got, err := decodeSession(earlier)
	require.NoError(t, err)
	require.Equal(t, &keptSession{Session: want, indexedBy: keyID{1, 2}}, got)
	require.Equal(t, earlier, encodeSession(got), "without them a record has the form that earlier programs read")
}

func TestUnknownVersionsAreUnreadable(t *testing.T) {
	s := keptSession{Session: portstest.SampleSession(codecStart)}
	data := encodeSession(&s)
	data[0] = 9
	_, err := decodeSession(data)
	require.ErrorIs(t, err, errUnreadable)
	_, err = codec{}.Encode(codecStart, map[string]any{sessionValue: "text"})
	require.ErrorIs(t, err, errUnreadable)
	for _, data := range []string{"", "\x02", "\x01{}", "\x03{}", "{}", "\x02{}{}", "\x02{} x", "\x02[]", "\x02{\"Unknown\":1}", "\x02{\"RefreshToken\":1}"} {
		_, err := decodeJSON[ports.Tokens]([]byte(data))
		require.ErrorIs(t, err, errUnreadable, "%q", data)
	}
}

// requireJSON asserts that v comes back, and that a part of the bytes is refused.
func requireJSON[T any](t *testing.T, v T) {
	t.Helper()
	data, err := encodeJSON(v)
	require.NoError(t, err)
	got, err := decodeJSON[T](data)
	require.NoError(t, err)
	require.Equal(t, v, got)
	for cut := range min(len(data), 300) {
		_, err := decodeJSON[T](data[:cut])
		require.ErrorIs(t, err, errUnreadable)
	}
}

func TestClaimsCodec(t *testing.T) {
	for _, claims := range [][]ports.Claim{{}, {{}}, portstest.SampleClaims()} {
		data := encodeClaims(claims)
		got, err := decodeClaims(data)
		require.NoError(t, err)
		require.Equal(t, claims, got)
		for cut := range data {
			_, err := decodeClaims(data[:cut])
			require.ErrorIs(t, err, errUnreadable)
		}
		_, err = decodeClaims(append(data, 0))
		require.ErrorIs(t, err, errUnreadable)
		requireJSON(t, claims) // as earlier programs wrote
		earlier, err := encodeJSON(claims)
		require.NoError(t, err)
		got, err = decodeClaims(earlier)
		require.NoError(t, err)
		require.Equal(t, claims, got)
	}
	for _, data := range []string{"\x04\x00", "\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x03\x01\xff\x01a\x00"} {
		_, err := decodeClaims([]byte(data))
		require.ErrorIs(t, err, errUnreadable, "%q", data)
	}
}

func TestTheNameOfADeviceIsBounded(t *testing.T) {
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

func TestTokensAndPendingCodec(t *testing.T) {
	for _, g := range []ports.Tokens{{}, portstest.SampleTokens(codecStart), {AccessTokens: []ports.AccessToken{{Expires: codecStart}}}} {
		data, err := encodeTokens(g)
		require.NoError(t, err)
		got, err := decodeTokens(data)
		require.NoError(t, err)
		require.Equal(t, g, got)
		for cut := range data {
			_, err := decodeTokens(data[:cut])
			require.ErrorIs(t, err, errUnreadable)
		}
		requireJSON(t, g) // as earlier programs wrote
		earlier, err := encodeJSON(g)
		require.NoError(t, err)
		got, err = decodeTokens(earlier)
		require.NoError(t, err)
		require.Equal(t, g, got)
	}
	_, err := encodeTokens(ports.Tokens{AccessTokens: []ports.AccessToken{{Expires: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)}}})
	require.Error(t, err, "JSON has no such time")
	for _, data := range []string{"", "\x03", "\x03\x00\x02{}", "\x03\x80", "\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x04\x04\x00\x00\x00\x00\x02{}",
		"\x03\x05\x00\x00\x00\x00\x00\x02{}", "\x03\x04\x00\x00\x00\x00\x02{}x", "\x03\x04\x00\x00\x00\x00\x02{\"Unknown\":1}"} {
		_, err := decodeTokens([]byte(data))
		require.ErrorIs(t, err, errUnreadable, "%q", data)
	}

	p := portstest.SamplePending("state", codecStart)
	p.ReturnTo, p.Secret = "/reports?"+strings.Repeat("a=<&>", 200), ""
	data, err := encodePending(&p)
	require.NoError(t, err)
	require.Less(t, len(data), len(p.ReturnTo)+100, "a cookie has little room")
	got, err := decodePending(data)
	require.NoError(t, err)
	require.Equal(t, p, got)
	for cut := range data {
		_, err := decodePending(data[:cut])
		require.ErrorIs(t, err, errUnreadable)
	}
	for _, data := range []string{"\x02[]", "\x02null", "\x02[1,2,3,4,5,6]", "\x02[\"s\",\"x\",\"r\",[],0,0,0]"} {
		_, err := decodePending([]byte(data))
		require.ErrorIs(t, err, errUnreadable, "%q", data)
	}
}

func TestForgedLengthsAllocateNoMemory(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}
	data := append([]byte{sessionVersion, 0}, huge...)
	require.Less(t, testing.AllocsPerRun(10, func() { _, _ = decodeSession(data) }), 20.0)
	r := newReader([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	require.Equal(t, uint64(math.MaxUint64), r.uvarint())
	r = newReader([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	r.uvarint()
	require.Error(t, r.done(), "longer than any number")
}

// FuzzDecode checks that decoders never panic, and that each accepted value can be
// encoded and decoded again.
func FuzzDecode(f *testing.F) {
	s, g, p := keptSession{Session: portstest.SampleSession(codecStart)}, portstest.SampleTokens(codecStart), portstest.SamplePending("s", codecStart)
	f.Add(encodeSession(&s))
	for _, v := range []any{g, portstest.SampleClaims()} {
		data, err := encodeJSON(v)
		require.NoError(f, err)
		f.Add(data)
	}
	data, err := encodeTokens(g)
	require.NoError(f, err)
	f.Add(data)
	f.Add(encodeClaims(portstest.SampleClaims()))
	data, err = encodePending(&p)
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte{})
	f.Add([]byte{1, 0xff, 0xff, 0xff})
	f.Add([]byte("\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := decodeSession(data); err == nil {
			again, err := decodeSession(encodeSession(s))
			require.NoError(t, err)
			require.Equal(t, s, again)
		}
		decodeAgain[ports.Tokens](t, data)
		if g, err := decodeTokens(data); err == nil && data[0] == tokensVersion {
			data, err := encodeTokens(g)
			require.NoError(t, err)
			again, err := decodeTokens(data)
			require.NoError(t, err)
			require.Equal(t, g, again)
		}
		decodeAgain[[]ports.Claim](t, data)
		if claims, err := decodeClaims(data); err == nil && data[0] == claimsVersion {
			again, err := decodeClaims(encodeClaims(claims))
			require.NoError(t, err)
			require.Equal(t, claims, again)
		}
		if p, err := decodePending(data); err == nil {
			data, err := encodePending(&p)
			require.NoError(t, err)
			again, err := decodePending(data)
			require.NoError(t, err)
			require.Equal(t, p, again)
		}
	})
}

func decodeAgain[T any](t *testing.T, data []byte) {
	v, err := decodeJSON[T](data)
	if err != nil {
		return
	}
	encoded, err := encodeJSON(v)
	require.NoError(t, err)
	again, err := decodeJSON[T](encoded)
	require.NoError(t, err)
	require.Equal(t, v, again)
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
	for _, g := range map[string]ports.Groups{
		"none":          {},
		"none, dated":   {AsOf: asOf},
		"overage alone": {Overage: true},
		"a few":         {IDs: many[:3], AsOf: asOf},
		"many":          {IDs: many, Overage: true, AsOf: asOf},
		"no GUIDs":      {IDs: []string{"admins", many[0]}, AsOf: asOf},
	} {
		data, err := encodeTokens(ports.Tokens{Groups: g})
		require.NoError(t, err)
		got, _, err := decodeGroups(data)
		require.NoError(t, err)
		require.Equal(t, g, got)
	}
}
