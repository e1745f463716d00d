package session

import (
	"context"
	"slices"

	"webapp/internal/ports"
)

// tokenSize is the length of a session token and of its hash: 32 bytes in
// base64url without padding.
const tokenSize = 43

// maxTokens bounds how many sessions one request can end.
const maxTokens = 4

// isToken reports whether s has the form of a token. Nothing else is worth
// asking the store for.
func isToken(s string) bool {
	if len(s) != tokenSize {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// token returns the session token that the browser sent. Two cookies of that
// name mean that somebody else could set one of them: then there is none.
func (m *Manager) token(ex *exchange) (string, bool) {
	sent := ex.values(m.cookies.session)
	if len(sent) != 1 || !isToken(sent[0]) {
		return "", false
	}
	return sent[0], true
}

// Referred returns the session that the reference cookie names. Without
// CrossSiteCallback there is no such cookie, and no session.
func (m *Manager) Referred(ctx context.Context) (ports.Session, error) {
	ex, err := m.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer ex.mu.Unlock()
	sent := ex.values(m.cookies.reference)
	if !m.cookies.crossSite || len(sent) != 1 || !isToken(sent[0]) {
		return ports.Session{}, ports.ErrNoSession
	}
	s, err := m.readSession(ctx, sent[0])
	if err != nil {
		return ports.Session{}, err
	}
	if s == nil {
		return ports.Session{}, ports.ErrNoSession
	}
	return s.Session, nil
}

// presented returns the record keys of all sessions that the browser names.
// They are to be ended, so every copy counts here, and with CrossSiteCallback
// the reference too: a cross-site POST comes without the session cookie.
func (m *Manager) presented(ex *exchange) []string {
	var keys []string
	add := func(key string) {
		if len(keys) < maxTokens && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, token := range ex.values(m.cookies.session) {
		if isToken(token) {
			add(sessionKey(token))
		}
	}
	if !m.cookies.crossSite {
		return keys
	}
	for _, key := range ex.values(m.cookies.reference) {
		if isToken(key) {
			add(key)
		}
	}
	return keys
}
