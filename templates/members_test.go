package templates

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachMember(t *testing.T) {
	for doc, want := range map[string][]string{
		`{}`:                                    nil,
		` { "a" : "1" ,` + "\n\t" + `"b":"2"} `: {"a", "1", "b", "2"},
		`{"a":"1","a":"2"}`:                     {"a", "1", "a", "2"},
		`{"":"", ",:": ":,{}[]"}`:               {"", "", ",:", ":,{}[]"},
		`{"q\"\\":"\\"}`:                        {`q"\`, `\`},
		`{"\u00e9\/\n":"\ud83d\ude00 é 中"}`:     {"é/\n", "😀 é 中"},
	} {
		var got []string
		require.NoError(t, eachMember([]byte(doc), func(key, text string) error {
			got = append(got, key, text)
			return nil
		}), doc)
		assert.Equal(t, want, got, doc)
	}
}

func TestEachMemberRefusesTheRest(t *testing.T) {
	for _, doc := range []string{``, `[]`, `["a"]`, `"a"`, `1`, `null`, `{`, `{"a"}`, `{"a":}`, `{"a":"b"`, `{"a":"b",}`, `{"a":"b"}{}`, `{"a":"b"} x`,
		`{"a":1}`, `{"a":null}`, `{"a":{}}`, `{"a":["b"]}`, `{"a":"b","c":true}`, `{"a":"\x"}`, "{\"a\":\"\xff\"}", "{\"a\":\"\n\"}"} {
		assert.Error(t, eachMember([]byte(doc), func(string, string) error { return nil }), doc)
	}
	broken := errors.New("broken")
	assert.ErrorIs(t, eachMember([]byte(`{"a":"b"}`), func(string, string) error { return broken }), broken)
}
