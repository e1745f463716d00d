package providerhttp

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// maxChallengeHeaders bounds how many WWW-Authenticate headers are read, and
	// maxChallengeHeader the bytes of each.
	maxChallengeHeaders = 8
	maxChallengeHeader  = 16 << 10
	// MaxClaims bounds a claims request, in bytes.
	MaxClaims = 8 << 10
	// maxACRValues bounds a list of authentication context classes, in bytes.
	maxACRValues = 1 << 10
)

// Challenge is what an API requires of a new sign-in. At least one field is set.
type Challenge struct {
	// Claims is the claims request of insufficient_claims (continuous access evaluation).
	Claims string
	// MaxAge and ACRValues are the parameters of insufficient_user_authentication (RFC
	// 9470, section 3). MaxAge is nil if absent, and can point to zero.
	MaxAge    *time.Duration
	ACRValues []string
}

// ReadChallenge returns the first Bearer challenge of an API that requires a fresh or
// stronger sign-in. It skips a challenge that is malformed or requires nothing. ok is
// false if no header has such a challenge.
func ReadChallenge(headers []string) (found Challenge, ok bool) {
	for _, header := range headers[:min(len(headers), maxChallengeHeaders)] {
		if len(header) > maxChallengeHeader {
			continue
		}
		for _, c := range parseChallenges(header) {
			if !strings.EqualFold(c.scheme, "Bearer") {
				continue
			}
			switch c.params["error"] {
			case "insufficient_claims":
				found.Claims, ok = decodeClaims(c.params["claims"])
			case "insufficient_user_authentication":
				found, ok = readAuthentication(c.params)
			}
			if ok {
				return found, true
			}
		}
	}
	return Challenge{}, false
}

// readAuthentication reads max_age, a number of seconds, and acr_values, a list that is
// separated by spaces. Each is optional. ok is false if both are absent, or if one has
// another form.
func readAuthentication(params map[string]string) (c Challenge, ok bool) {
	if text, sent := params["max_age"]; sent {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return Challenge{}, false
		}
		c.MaxAge = new(time.Duration(seconds) * time.Second)
	}
	if len(params["acr_values"]) > maxACRValues {
		return Challenge{}, false
	}
	c.ACRValues = strings.Fields(params["acr_values"])
	return c, !slices.ContainsFunc(c.ACRValues, notWord) && (c.MaxAge != nil || len(c.ACRValues) > 0)
}

// decodeClaims reads base64 in either alphabet, with or without padding. ok is false if
// the result is not a JSON object with members.
func decodeClaims(text string) (claims string, ok bool) {
	text = strings.TrimRight(text, "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) > MaxClaims {
		return "", false
	}
	if object, err := ParseObject(raw); err != nil || len(object.members)+len(object.nulls) == 0 {
		return "", false
	}
	return string(raw), true
}

// challenge is one challenge of a WWW-Authenticate header. The names of its parameters are
// in lower case. If a parameter is repeated, the first value is used.
type challenge struct {
	scheme string
	params map[string]string
}

// parseChallenges reads a WWW-Authenticate header (RFC 9110, section 11.6.1). It accepts
// malformed headers, because Microsoft Graph sends a URL without quotes. An unquoted value
// ends at a comma or a blank, and unexpected characters are skipped. A new challenge begins
// only at the start or after a comma. Any other word without a value, such as a token68, is
// skipped.
func parseChallenges(header string) []challenge {
	var all []challenge
	p := challengeParser{rest: header}
	for {
		first := p.skipSeparators() || len(all) == 0
		if p.rest == "" {
			return all
		}
		name := p.until(" \t,=\"")
		value, hasValue := p.value()
		switch {
		case hasValue && len(all) > 0:
			all[len(all)-1].add(name, value)
		case !hasValue && name != "" && first:
			all = append(all, challenge{scheme: name, params: map[string]string{}})
		}
	}
}

func (c challenge) add(name, value string) {
	name = strings.ToLower(name)
	if _, repeated := c.params[name]; !repeated {
		c.params[name] = value
	}
}

// challengeParser reads a header from its start.
type challengeParser struct{ rest string }

// skipSeparators removes blanks and commas. It reports whether it removed a comma.
func (p *challengeParser) skipSeparators() (comma bool) {
	rest := strings.TrimLeft(p.rest, " \t,")
	comma = strings.Contains(p.rest[:len(p.rest)-len(rest)], ",")
	p.rest = rest
	return comma
}

// until removes and returns the text before the first of the characters in stops.
func (p *challengeParser) until(stops string) string {
	end := strings.IndexAny(p.rest, stops)
	if end < 0 {
		end = len(p.rest)
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	return text
}

// value removes and returns the value of a parameter. ok is false if there is none.
func (p *challengeParser) value() (value string, ok bool) {
	after := strings.TrimLeft(p.rest, " \t")
	if strings.HasPrefix(after, "=") {
		p.rest = strings.TrimLeft(after[1:], " \t")
		ok = true
	}
	switch {
	case strings.HasPrefix(p.rest, `"`):
		return p.quoted(), ok
	case ok:
		return p.until(" \t,"), true
	}
	return "", false
}

// quoted removes and returns a quoted string. If the string has no end, quoted removes the
// whole rest and returns "".
func (p *challengeParser) quoted() string {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String()
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	p.rest = ""
	return ""
}
