// Package rsakeys has RSA keys of 2048 bits for tests. Generating one takes longer
// than most tests, so all tests of a process share them.
package rsakeys

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"sync/atomic"
)

var shared struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

// Key returns the shared key number i, from 0 on. Each number is another key.
func Key(i int) (*rsa.PrivateKey, error) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	for len(shared.keys) <= i {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		shared.keys = append(shared.keys, key)
	}
	return shared.keys[i], nil
}

// Sequence returns a function for fakeidp.Config.NewKey. Each call of the function
// returns another key, so all keys of one provider differ. Every sequence begins with
// key 0.
func Sequence() func() (*rsa.PrivateKey, error) {
	var calls atomic.Int64
	return func() (*rsa.PrivateKey, error) { return Key(int(calls.Add(1) - 1)) }
}
