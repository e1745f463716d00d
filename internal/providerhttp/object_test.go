package providerhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// decoderFindsDuplicates finds duplicates with encoding/json.
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
		if errors.Is(err, errNotObject) {
			assert.Regexp(t, `\\u[dD][89a-fA-F]`, string(data), "half a surrogate pair is all that encoding/json takes besides")
			return
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber() // else a number beyond float64 ends the search
		assert.Equal(t, decoderFindsDuplicates(dec), errors.Is(err, errDuplicate))
	})
}

// A member that is null is absent for every method but Listed and Names.
func TestNullIsAbsent(t *testing.T) {
	o, err := ParseObject([]byte(`{"a": null , "b":{"c":null}, "d":"x"}`))
	require.NoError(t, err)
	for _, name := range []string{"a", "nowhere"} {
		assert.False(t, o.Has(name))
		assert.Nil(t, o.Raw(name))
		text, ok := o.Text(name)
		assert.True(t, ok)
		assert.Empty(t, text)
		texts, ok := o.Texts(name)
		assert.True(t, ok)
		assert.Nil(t, texts)
		texts, ok = o.TextOrTexts(name)
		assert.True(t, ok)
		assert.Nil(t, texts)
		list, ok := o.List(name)
		assert.True(t, ok)
		assert.Nil(t, list)
		flag, ok := o.Flag(name)
		assert.True(t, ok)
		assert.False(t, flag)
		_, ok = o.Object(name)
		assert.False(t, ok)
	}
	inner, ok := o.Object("b")
	require.True(t, ok)
	assert.False(t, inner.Has("c"))
	assert.True(t, inner.Listed("c"), "where a member must not be at all")
	assert.True(t, o.Listed("d"))
	assert.False(t, o.Listed("nowhere"))
	assert.ElementsMatch(t, []string{"a", "b", "d"}, slices.Collect(o.Names()))
}

func TestTextOrTexts(t *testing.T) {
	o, err := ParseObject([]byte(`{"one":"x","several":["x","\u0079"],"none":[],"mixed":["x",1],"null":["x",null],"other":{}}`))
	require.NoError(t, err)
	for name, want := range map[string][]string{"one": {"x"}, "several": {"x", "y"}, "none": {}} {
		got, ok := o.TextOrTexts(name)
		assert.True(t, ok, name)
		assert.Equal(t, want, got, name)
	}
	for _, name := range []string{"mixed", "null", "other"} {
		_, ok := o.TextOrTexts(name)
		assert.False(t, ok, name)
	}
}

func TestNotAnObject(t *testing.T) {
	nested := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	_, err := ParseObject([]byte(nested(maxDepth)))
	require.NoError(t, err)
	for _, text := range []string{
		"", "null", "[]", `"x"`, "{", `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":1}{}`, `{"a":1} x`, `{"a":01}`, `{"a":"` + "\n" + `"}`,
		"{\"a\":\"\xff\"}", `{"a":"\ud800"}`, `{"a":1,"a":1}`, `{"a":null,"a":1}`, `{"b":[{"a":1,"\u0061":2}]}`, nested(maxDepth + 1),
		strings.Repeat(`{"a":[`, maxDepth),
	} {
		o, err := ParseObject([]byte(text))
		require.Error(t, err, text)
		assert.Zero(t, o)
		assert.Less(t, len(err.Error()), 40, "nothing is quoted")
	}
}
