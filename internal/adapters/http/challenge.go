package http

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

const (
	// maxChallenges and maxChallenge bound what is read of an API's
	// WWW-Authenticate headers: their number, and the bytes of each.
	maxChallenges = 8
	maxChallenge  = 8 << 10
)

// claimsChallenge finds the claims request of an API that wants a fresh or
// stronger sign-in: a Bearer challenge with error="insufficient_claims" and
// claims="<base64 of a JSON object>" (continuous access evaluation). There may
// be several headers with several challenges each, their fields in any order
// (RFC 9110, section 11.6.1).
func claimsChallenge(headers []string) (claims string, ok bool) {
	for _, header := range headers[:min(len(headers), maxChallenges)] {
		if len(header) > maxChallenge {
			continue
		}
		for _, c := range parseChallenges(header) {
			if !strings.EqualFold(c.scheme, "Bearer") || c.params["error"] != "insufficient_claims" {
				continue
			}
			if claims, ok := decodeClaims(c.params["claims"]); ok {
				return claims, true
			}
		}
	}
	return "", false
}

// decodeClaims takes base64 in either alphabet, with or without padding, and
// nothing but a JSON object in it.
func decodeClaims(text string) (string, bool) {
	text = strings.TrimRight(text, "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || len(object) == 0 {
		return "", false
	}
	return string(raw), true
}

// challenge is one challenge of a WWW-Authenticate header. The names of its
// parameters are in lower case; of a repeated one the first counts.
type challenge struct {
	scheme string
	params map[string]string
}

// parseChallenges reads as much of a header as follows the grammar
// challenge = scheme [ 1*SP ( token68 / #param ) ] and stops where it does not.
func parseChallenges(header string) []challenge {
	var all []challenge
	p := challengeParser{rest: header}
	for p.skipSeparators(); p.rest != ""; p.skipSeparators() {
		word := p.token()
		if word == "" {
			return all
		}
		if value, ok := p.value(); ok {
			if len(all) == 0 {
				return nil // a parameter of no challenge
			}
			last := all[len(all)-1].params
			if name := strings.ToLower(word); last[name] == "" {
				last[name] = value
			}
			continue
		}
		all = append(all, challenge{scheme: word, params: map[string]string{}})
	}
	return all
}

// challengeParser eats a header from the left.
type challengeParser struct{ rest string }

func (p *challengeParser) skipSeparators() { p.rest = strings.TrimLeft(p.rest, " \t,") }

// token takes the characters of RFC 9110's token, and those of a token68.
func (p *challengeParser) token() string {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`",;=\(){}[]<>@?:`, r) })
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

// value takes "=value" after a name, where there is one.
func (p *challengeParser) value() (string, bool) {
	after := strings.TrimLeft(p.rest, " \t")
	if !strings.HasPrefix(after, "=") {
		return "", false
	}
	p.rest = strings.TrimLeft(after[1:], " \t")
	if !strings.HasPrefix(p.rest, `"`) {
		return p.token(), true
	}
	return p.quoted()
}

// quoted takes a quoted string. One that does not end takes all the rest and
// counts as empty.
func (p *challengeParser) quoted() (string, bool) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	p.rest = ""
	return "", true
}
