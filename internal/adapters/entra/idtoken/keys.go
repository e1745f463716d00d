package idtoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // for hashOf
	_ "crypto/sha512"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"

	jose "github.com/go-jose/go-jose/v4"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/providerhttp"
)

// KeySet contains the provider's signature keys.
type KeySet []signingKey

// ParseKeySet reads a JWK set (RFC 7517, section 5). It leaves out keys that are
// malformed, of an unknown type or not for signatures. It returns an error if no key
// remains.
func ParseKeySet(body []byte) (KeySet, error) {
	doc, err := providerhttp.ParseObject(body)
	if err != nil {
		return nil, errors.New("the keys are not a JSON object without duplicates")
	}
	elements, ok := doc.List("keys")
	if !ok || elements == nil {
		return nil, errors.New("the keys are not a JWK set")
	}
	if len(elements) > maxKeys {
		return nil, errors.New("the JWK set has too many keys")
	}
	var set KeySet
	for _, element := range elements {
		if key, ok := parseKey(element); ok {
			set = append(set, key)
		}
	}
	if len(set) == 0 {
		return nil, errors.New("the JWK set has no usable signature key")
	}
	return set, nil
}

// Knows reports whether a key has this ID.
func (s KeySet) Knows(kid string) bool {
	return slices.ContainsFunc(s, func(k signingKey) bool { return k.id == kid })
}

// candidates returns the keys that may have signed a token: the keys with this ID or, for
// a token without a key ID, the only key that fits. If several keys fit a token without a
// key ID, candidates returns none: the keys can belong to different issuers.
func (s KeySet) candidates(kid, alg string) []signingKey {
	var fitting []signingKey
	for _, key := range s {
		if key.fits(alg) && (kid == "" || key.id == kid) {
			fitting = append(fitting, key)
		}
	}
	if kid == "" && len(fitting) > 1 {
		return nil
	}
	return fitting
}

// Count returns three numbers of keys for the doctor. fitting is how many keys can
// sign an ID token that is accepted with this issuer and these algorithms.
// anyTenant is how many of these can sign for every tenant. withoutIssuer is how
// many keys of the set have no issuer.
func (s KeySet) Count(issuer authority.Issuer, algorithms []string) (fitting, anyTenant, withoutIssuer int) {
	for _, key := range s {
		if key.issuer == "" {
			withoutIssuer++
		}
		if !slices.ContainsFunc(algorithms, key.fits) || !key.signsFor(issuer) {
			continue
		}
		fitting++
		if key.issuer == "" || key.issuer.PerTenant() {
			anyTenant++
		}
	}
	return fitting, anyTenant, withoutIssuer
}

// signsFor reports whether checkKeyIssuer can accept a token of this issuer that this key
// signed.
func (k signingKey) signsFor(issuer authority.Issuer) bool {
	switch {
	case k.issuer == "":
		return !issuer.PerTenant()
	case issuer.PerTenant():
		return k.issuer == issuer || issuer.Matches(string(k.issuer))
	}
	return k.issuer.Matches(string(issuer))
}

// Bounds of a key set.
const (
	maxKeys       = 200
	minRSABits    = 2048
	maxRSABits    = 8192 // larger keys cost too much time
	maxKeyIDBytes = 512
)

// signingKey is one key of the provider.
type signingKey struct {
	id     string
	alg    string // empty if the key may be used with every algorithm of its type
	issuer authority.Issuer
	public any // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// parseKey reads one key. Only the members of the public key go to the JOSE library.
// The certificates of a key are ignored: the keys came over TLS from the provider, and a
// malformed certificate must not make a key unusable.
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

// forSignatures reports whether use and key_ops (RFC 7517, sections 4.2 and 4.3) allow the
// verification of signatures.
func forSignatures(doc providerhttp.Object) bool {
	use, ok := doc.Text("use")
	if !ok || use != "" && use != "sig" {
		return false
	}
	operations, ok := doc.Texts("key_ops")
	return ok && (operations == nil || slices.Contains(operations, "verify"))
}

// hasPrivatePart reports whether the key is symmetric or has a private part, which is
// not secret any more.
func hasPrivatePart(doc providerhttp.Object) bool {
	return slices.ContainsFunc([]string{"d", "k", "p", "q", "dp", "dq", "qi", "oth"}, doc.Has)
}

// strong reports whether the key has an accepted type and size.
func strong(public any) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return bits >= minRSABits && bits <= maxRSABits && key.E >= 3 && key.E%2 == 1
	case *ecdsa.PublicKey:
		return true // the library accepts only P-256, P-384 and P-521
	case ed25519.PublicKey:
		return len(key) == ed25519.PublicKeySize
	}
	return false
}

// fits reports whether the key may verify a signature of this algorithm.
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

// verifies reports whether this key, which fits the algorithm, signed the text (RFC 7518,
// sections 3.3 to 3.5; RFC 8037, section 3.1). The key set of go-oidc would parse the
// token once more, and it does not know the name Ed25519.
func (k signingKey) verifies(alg, signed string, signature []byte) bool {
	if key, ok := k.public.(ed25519.PublicKey); ok {
		return ed25519.Verify(key, []byte(signed), signature)
	}
	hash := hashOf(alg)
	digest := hash.New()
	digest.Write([]byte(signed))
	sum := digest.Sum(nil)
	switch key := k.public.(type) {
	case *rsa.PublicKey:
		if strings.HasPrefix(alg, "PS") {
			return rsa.VerifyPSS(key, hash, sum, signature, nil) == nil
		}
		return rsa.VerifyPKCS1v15(key, hash, sum, signature) == nil
	case *ecdsa.PublicKey: // the signature is r and s, each as long as the curve's field
		size := (key.Params().BitSize + 7) / 8
		if len(signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		return ecdsa.Verify(key, sum, r, s)
	}
	return false
}

// hashOf returns the hash function of a signature algorithm.
func hashOf(alg string) crypto.Hash {
	switch {
	case strings.HasSuffix(alg, "256"):
		return crypto.SHA256
	case strings.HasSuffix(alg, "384"):
		return crypto.SHA384
	}
	return crypto.SHA512 // also Ed25519, which uses it itself
}

// Algorithms returns every signature algorithm that a token may have. All are public-key
// algorithms: anybody can write a token with "none", and everybody with the client secret
// can write one with a MAC.
func Algorithms() []string {
	return []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"ES256", "ES384", "ES512", "EdDSA", "Ed25519",
	}
}

// Acceptable returns the offered algorithms that are in Algorithms. If one of EdDSA and
// Ed25519 is offered, it returns both.
func Acceptable(offered []string) []string {
	var found []string
	for _, alg := range Algorithms() {
		if slices.ContainsFunc(offered, func(name string) bool { return sameAlgorithm(name, alg) }) {
			found = append(found, alg)
		}
	}
	return found
}

// sameAlgorithm compares the names of two algorithms. EdDSA (RFC 8037) and Ed25519 (RFC
// 9864) are the same, because keys of other EdDSA curves are not used here.
func sameAlgorithm(a, b string) bool { return a == b || isEd25519(a) && isEd25519(b) }

func isEd25519(alg string) bool { return alg == "EdDSA" || alg == "Ed25519" }
