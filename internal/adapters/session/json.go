package session

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"webapp/internal/ports"
)

// Tokens and pending sign-ins are written as JSON behind a version byte. Tokens have
// their groups in front of the JSON, so that a request for the groups does not read the
// JSON. The session record and the claims, which pages read, have the form of wire.go.

// jsonVersion is the version byte. Earlier programs wrote 1.
const jsonVersion = 2

// encodeJSON returns an error only for a time that JSON cannot represent.
func encodeJSON(v any) ([]byte, error) {
	b := bytes.NewBuffer([]byte{jsonVersion})
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false) // an & in a return path would take six bytes
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeJSON returns errUnreadable for bytes that encodeJSON did not write for a
// T: another version, an unknown member, or bytes after the value.
func decodeJSON[T any](data []byte) (v T, err error) {
	if len(data) == 0 || data[0] != jsonVersion {
		return v, errUnreadable
	}
	decoder := json.NewDecoder(bytes.NewReader(data[1:]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		return *new(T), errUnreadable
	}
	if _, err := decoder.Token(); err != io.EOF {
		return *new(T), errUnreadable
	}
	return v, nil
}

// claimsVersion is the version byte of claims. After it come their number and, for
// each claim, its name and its value.
const claimsVersion = 3

func encodeClaims(claims []ports.Claim) []byte {
	b := binary.AppendUvarint([]byte{claimsVersion}, uint64(len(claims)))
	for _, claim := range claims {
		b = appendText(appendText(b, claim.Name), claim.Value)
	}
	return b
}

// decodeClaims returns errUnreadable for bytes that encodeClaims did not write. It also
// reads the claims of earlier programs, which are JSON.
func decodeClaims(data []byte) ([]ports.Claim, error) {
	if len(data) == 0 || data[0] != claimsVersion {
		return decodeJSON[[]ports.Claim](data)
	}
	r := newReader(data[1:])
	claims := make([]ports.Claim, r.count())
	for i := range claims {
		claims[i] = ports.Claim{Name: r.text(), Value: r.text()}
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	return claims, nil
}

// tokensVersion is the version byte of tokens. After it come the length of the groups, the
// groups, and the JSON of the other fields.
const tokensVersion = 3

// otherTokens has the fields of ports.Tokens except Groups.
type otherTokens struct {
	ports.Tokens
	Groups *struct{} `json:",omitempty"` // hides Tokens.Groups
}

func encodeTokens(t ports.Tokens) ([]byte, error) {
	others, err := encodeJSON(otherTokens{Tokens: t})
	if err != nil {
		return nil, err
	}
	groups := appendTime(nil, t.Groups.AsOf)
	groups = append(groups, 0)
	if t.Groups.Overage {
		groups[len(groups)-1] = 1
	}
	groups = appendTexts(groups, t.Groups.IDs)
	return slices.Concat(appendText([]byte{tokensVersion}, string(groups)), others), nil
}

// decodeTokens returns errUnreadable for bytes that encodeTokens did not write. It also
// reads tokens of earlier versions of this program, which are JSON only.
func decodeTokens(data []byte) (ports.Tokens, error) {
	groups, others, err := decodeGroups(data)
	if err != nil {
		return decodeJSON[ports.Tokens](data)
	}
	tokens, err := decodeJSON[otherTokens](others)
	tokens.Tokens.Groups = groups
	return tokens.Tokens, err
}

// decodeGroups decodes the groups and returns the JSON of the other fields as it is. It
// returns errUnreadable for another version byte.
func decodeGroups(data []byte) (g ports.Groups, others []byte, err error) {
	if len(data) == 0 || data[0] != tokensVersion {
		return ports.Groups{}, nil, errUnreadable
	}
	size, n := binary.Uvarint(data[1:])
	if n <= 0 || size > uint64(len(data)-1-n) {
		return ports.Groups{}, nil, errUnreadable
	}
	end := 1 + n + int(size)
	r := newReader(data[1+n : end])
	g.AsOf = r.time()
	overage := r.octet()
	if overage > 1 {
		r.fail()
	}
	g.Overage = overage == 1
	g.IDs = r.texts()
	return g, data[end:], r.done()
}

// encodePending writes a list. Names of members would make the cookie longer, and eight
// cookies must fit into a request header. For FlowSignIn the list has no last item, so that
// earlier versions of this program can read it.
func encodePending(p *ports.PendingSignIn) ([]byte, error) {
	parts := []any{p.State, p.Secret, p.ReturnTo, p.StepUp, p.Expires.UnixMilli()}
	if p.Flow != ports.FlowSignIn {
		parts = append(parts, p.Flow)
	}
	return encodeJSON(parts)
}

func decodePending(data []byte) (ports.PendingSignIn, error) {
	parts, err := decodeJSON[[]json.RawMessage](data)
	if err != nil {
		return ports.PendingSignIn{}, err
	}
	var p ports.PendingSignIn
	var expires int64
	fields := []any{&p.State, &p.Secret, &p.ReturnTo, &p.StepUp, &expires, &p.Flow}
	if len(parts) != len(fields) && len(parts) != len(fields)-1 {
		return ports.PendingSignIn{}, errUnreadable
	}
	for i, part := range parts {
		if err := json.Unmarshal(part, fields[i]); err != nil {
			return ports.PendingSignIn{}, errUnreadable
		}
	}
	p.Expires = time.UnixMilli(expires).UTC()
	return p, nil
}

// isEmpty reports whether t is empty, so that it needs no record.
func isEmpty(t *ports.Tokens) bool {
	return len(t.AccessTokens) == 0 && t.RefreshToken == "" && t.SignOutHint == "" && t.LoginHint == "" &&
		t.Nonce == "" && len(t.Groups.IDs) == 0 && !t.Groups.Overage && t.Groups.AsOf.IsZero()
}
