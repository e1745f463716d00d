package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
)

// maxIterations bounds the time that PBKDF2 takes. OpenSSL's default is 2048, and OWASP
// recommends up to 1.3 million.
const maxIterations = 2_000_000

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// The structures of RFC 5958 (section 3) and RFC 8018 (appendix A).
type (
	encryptedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Parameters struct {
		Derivation, Cipher pkix.AlgorithmIdentifier
	}
	pbkdf2Parameters struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		Function   pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

var errUnsupportedEncryption = errors.New("has a private key whose encryption is not supported: encrypt it with openssl pkcs8 -topk8 -v2 aes-256-cbc, or use PFX")

// decryptPrivateKey opens an encrypted PKCS #8 key: PBES2 with PBKDF2 and AES-CBC, as
// OpenSSL writes it. The standard library has no such function, and
// github.com/youmark/pkcs8 has no bound on the iterations.
func decryptPrivateKey(der []byte, password string) (any, error) {
	if password == "" {
		return nil, errors.New("has a private key that is protected by a password, and none is given")
	}
	var sealed encryptedKey
	var scheme pbes2Parameters
	if !decodes(der, &sealed) || !sealed.Algorithm.Algorithm.Equal(oidPBES2) || !decodes(sealed.Algorithm.Parameters.FullBytes, &scheme) {
		return nil, errUnsupportedEncryption
	}
	block, iv, err := pbes2Cipher(scheme, password)
	if err != nil {
		return nil, err
	}
	if len(sealed.Data) == 0 || len(sealed.Data)%aes.BlockSize != 0 {
		return nil, errors.New("holds a private key that is damaged")
	}
	plain := make([]byte, len(sealed.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed.Data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize {
		return nil, errWrongPassword
	}
	key, err := x509.ParsePKCS8PrivateKey(plain[:len(plain)-padding])
	if err != nil {
		return nil, errWrongPassword
	}
	return key, nil
}

var errWrongPassword = errors.New("cannot be opened with the password that is given")

// pbes2Cipher derives the key. It returns the cipher and the initialization vector.
func pbes2Cipher(scheme pbes2Parameters, password string) (cipher.Block, []byte, error) {
	var derivation pbkdf2Parameters
	if !scheme.Derivation.Algorithm.Equal(oidPBKDF2) || !decodes(scheme.Derivation.Parameters.FullBytes, &derivation) {
		return nil, nil, errUnsupportedEncryption
	}
	function, length := hashOf(derivation.Function.Algorithm), keyLengthOf(scheme.Cipher.Algorithm)
	var iv []byte
	if function == nil || length == 0 || derivation.Iterations < 1 || derivation.Iterations > maxIterations ||
		!decodes(scheme.Cipher.Parameters.FullBytes, &iv) || len(iv) != aes.BlockSize {
		return nil, nil, errUnsupportedEncryption
	}
	key, err := pbkdf2.Key(function, password, derivation.Salt, derivation.Iterations, length)
	if err != nil {
		return nil, nil, errUnsupportedEncryption
	}
	block, err := aes.NewCipher(key)
	return block, iv, err
}

// decodes reports whether der is exactly one value of the type of into.
func decodes(der []byte, into any) bool {
	rest, err := asn1.Unmarshal(der, into)
	return err == nil && len(rest) == 0
}

// hashOf returns the hash function of PBKDF2, or nil if it is not supported. The default
// is SHA-1 (RFC 8018, appendix A.2).
func hashOf(id asn1.ObjectIdentifier) func() hash.Hash {
	switch id.String() {
	case "", "1.2.840.113549.2.7":
		return sha1.New
	case "1.2.840.113549.2.9":
		return sha256.New
	case "1.2.840.113549.2.10":
		return sha512.New384
	case "1.2.840.113549.2.11":
		return sha512.New
	}
	return nil
}

// keyLengthOf returns the key length of an AES-CBC cipher, and 0 for every other cipher.
func keyLengthOf(id asn1.ObjectIdentifier) int {
	return map[string]int{
		"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32,
	}[id.String()]
}
