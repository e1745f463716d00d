package session

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"webapp/internal/ports"
)

// maxCookie is what every browser keeps in one cookie, name and value together
// (RFC 6265, section 6.1), less its attributes.
const maxCookie = 4000

// errPendingTooLarge: a cookie that the browser would drop without a word.
var errPendingTooLarge = errors.New("session: pending sign-in does not fit into a cookie")

// Keep seals p into a cookie of its own and drops the oldest where there are
// too many. It asks nothing of the store. A p that is larger than a cookie can
// be is an error; about 2.8 kB fit.
func (m *Manager) Keep(ctx context.Context, p ports.PendingSignIn) error {
	ex, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer ex.mu.Unlock()
	kept := pendingCookie{name: m.pendingName(p.State), began: p.Began.UnixMilli()}
	kept.value = m.sealPending(kept.name, &p)
	if kept.size() > maxCookie {
		return errPendingTooLarge
	}
	for _, name := range overflow(kept, ex.pendingCookies(m.cookies.pending)) {
		ex.set(m.cookies.make(name, "", -1))
	}
	ex.set(m.cookies.make(kept.name, kept.value, pendingLife))
	return nil
}

// sealPending writes the value of a pending sign-in's cookie: when it began, in
// plain text, and the sealed rest. The plain time only orders cookies; the one
// that counts is sealed.
func (m *Manager) sealPending(name string, p *ports.PendingSignIn) string {
	sealed := m.seal.seal(inCookie, name, encodePending(p))
	return strconv.FormatInt(p.Began.UnixMilli(), 36) + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

func (m *Manager) unsealPending(name, value string) (ports.PendingSignIn, bool) {
	_, text, _ := strings.Cut(value, ".")
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ports.PendingSignIn{}, false
	}
	plain, ok := m.seal.open(inCookie, name, sealed)
	if !ok {
		return ports.PendingSignIn{}, false
	}
	p, err := decodePending(plain)
	return p, err == nil
}
