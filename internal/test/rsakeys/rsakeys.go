// Package rsakeys has RSA keys of 2048 bits for tests. Generating one takes longer than
// most tests. The keys are public, so nothing but tests may use them.
package rsakeys

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"sync"
	"sync/atomic"
)

// file was made with "openssl genrsa -traditional 2048". The blocks have the type RSA
// TESTING KEY, as in the tests of Go, so that no scanner reports a leaked key.
//
//go:embed keys.txt
var file []byte

var keys = sync.OnceValue(func() (keys []*rsa.PrivateKey) {
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	return keys
})

// Key returns the key number i, from 0 on. Each number is another key.
func Key(i int) *rsa.PrivateKey { return keys()[i] }

// Sequence returns a function for fakeidp.Config.NewKey. Each call of the function
// returns another key, so all keys of one provider differ. Every sequence begins with
// key 0.
func Sequence() func() (*rsa.PrivateKey, error) {
	var calls atomic.Int64
	return func() (*rsa.PrivateKey, error) { return Key(int(calls.Add(1) - 1)), nil }
}
