package providerhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// decoderFindsDuplicates is the slow and plain way to do what walker does.
func decoderFindsDuplicates(dec *json.Decoder) bool {
	token, err := dec.Token()
	if err != nil || token != json.Delim('{') && token != json.Delim('[') {
		return false
	}
	seen, found := map[string]bool{}, false
	for dec.More() {
		if token == json.Delim('{') {
			name, err := dec.Token()
			if err != nil {
				return found
			}
			found = found || seen[name.(string)]
			seen[name.(string)] = true
		}
		if decoderFindsDuplicates(dec) {
			found = true
		}
	}
	if _, err := dec.Token(); err != nil {
		return found
	}
	return found
}

func FuzzDuplicates(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"\u0061":2}`, `{"a":[{"b":"}\"","b":1}]}`, `{"a" : {} , "b" : [ ] ,"c":-1e5}`, `{"":1,"":2}`,
		`{"\ud800":1,"\ud801":2}`, `{"\"":1,"\\":2,"a\\":3}`, `{"a":"\\","a":1}`, `{"a":true,"b":null,"a":0}`,
		`{"a":1e400,"b":1,"b":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var plain map[string]json.RawMessage
		if !utf8.Valid(data) || json.Unmarshal(data, &plain) != nil || plain == nil {
			_, err := ParseObject(data)
			assert.Error(t, err)
			return
		}
		_, err := ParseObject(data)
		if errors.Is(err, errTooDeep) {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber() // else a number beyond float64 ends the search
		assert.Equal(t, decoderFindsDuplicates(dec), errors.Is(err, errDuplicate))
	})
}
