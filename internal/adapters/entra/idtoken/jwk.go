package idtoken

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"slices"
	"strings"

	jose "github.com/go-jose/go-jose/v4"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/providerhttp"
)

// Bounds of a key set.
const (
	maxKeys       = 200
	minRSABits    = 2048
	maxRSABits    = 8192 // a larger one is a way to keep the processor busy
	maxKeyIDBytes = 512
)

// signingKey is one key of the provider.
type signingKey struct {
	id     string
	alg    string // empty where the key may be used with any of its type
	issuer authority.Issuer
	public any // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// parseKey reads one key. Only the members that make up the public key go to
// the JOSE library: certificates beside it add nothing to keys that came over
// TLS from the provider, and an odd one must not cost the key.
func parseKey(data []byte) (signingKey, bool) {
	doc, err := providerhttp.ParseObject(data)
	if err != nil || !forSignatures(doc) || hasPrivatePart(doc) {
		return signingKey{}, false
	}
	var key signingKey
	var issuer string
	for name, field := range map[string]*string{"kid": &key.id, "alg": &key.alg, "issuer": &issuer} {
		var ok bool
		if *field, ok = doc.Text(name); !ok {
			return signingKey{}, false
		}
	}
	key.issuer = authority.Issuer(issuer)
	public := make(map[string]json.RawMessage)
	for _, name := range []string{"kty", "crv", "n", "e", "x", "y"} {
		if doc.Has(name) {
			public[name] = doc.Raw(name)
		}
	}
	encoded, err := json.Marshal(public)
	if err != nil {
		return signingKey{}, false
	}
	var jwk jose.JSONWebKey
	if jwk.UnmarshalJSON(encoded) != nil || !jwk.Valid() || !strong(jwk.Key) || len(key.id) > maxKeyIDBytes {
		return signingKey{}, false
	}
	key.public = jwk.Key
	return key, true
}

// forSignatures reads "use" and "key_ops" (RFC 7517, sections 4.2 and 4.3).
func forSignatures(doc providerhttp.Object) bool {
	use, ok := doc.Text("use")
	if !ok || use != "" && use != "sig" {
		return false
	}
	operations, ok := doc.Texts("key_ops")
	return ok && (operations == nil || slices.Contains(operations, "verify"))
}

// hasPrivatePart finds keys that are no secret any more, and symmetric ones.
func hasPrivatePart(doc providerhttp.Object) bool {
	return slices.ContainsFunc([]string{"d", "k", "p", "q", "dp", "dq", "qi", "oth"}, doc.Has)
}

func strong(public any) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return bits >= minRSABits && bits <= maxRSABits && key.E >= 3 && key.E%2 == 1
	case *ecdsa.PublicKey:
		return true // the library knows P-256, P-384 and P-521 only
	case ed25519.PublicKey:
		return len(key) == ed25519.PublicKeySize
	}
	return false
}

// fits says whether the key may verify a signature of this algorithm.
func (k signingKey) fits(alg string) bool {
	if k.alg != "" && !sameAlgorithm(k.alg, alg) {
		return false
	}
	switch key := k.public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		return map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Params().BitSize] == alg
	case ed25519.PublicKey:
		return isEd25519(alg)
	}
	return false
}
