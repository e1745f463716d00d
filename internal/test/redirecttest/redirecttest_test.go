package redirecttest

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write corpus.txt anew")

// corpus.txt must be the output of generate. Write it again with
// go test ./internal/test/redirecttest -update
func TestCorpusIsUpToDate(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile("corpus.txt", []byte(format(generate())), 0o600))
		return
	}
	list, err := Payloads()
	require.NoError(t, err)
	assert.Equal(t, generate(), list)
	assert.GreaterOrEqual(t, len(list), 500)
}

// The expected values are derived by hand from the URL Standard.
func TestResolve(t *testing.T) {
	const base = "https://app.example/dir/page?q"
	const own = "https://app.example"
	for location, want := range map[string]Address{
		"/a":                          {Origin: own, Path: "/a"},
		"/a?b#c":                      {Origin: own, Path: "/a", Query: "b", Fragment: "c"},
		"a":                           {Origin: own, Path: "/dir/a"},
		"":                            {Origin: own, Path: "/dir/page", Query: "q"},
		"?x":                          {Origin: own, Path: "/dir/page", Query: "x"},
		"#x":                          {Origin: own, Path: "/dir/page", Query: "q", Fragment: "x"},
		"..":                          {Origin: own, Path: "/"},
		"/a/./b/../c":                 {Origin: own, Path: "/a/c"},
		"/a/%2E%2e/b":                 {Origin: own, Path: "/b"},
		"/a/.":                        {Origin: own, Path: "/a/"},
		`/a\b`:                        {Origin: own, Path: "/a/b"},
		"/a b":                        {Origin: own, Path: "/a%20b"},
		"/.//e":                       {Origin: own, Path: "//e"},
		"//e":                         {Origin: "https://e", Path: "/"},
		"///e":                        {Origin: "https://e", Path: "/"},
		`/\e`:                         {Origin: "https://e", Path: "/"},
		`\\e/x\y`:                     {Origin: "https://e", Path: "/x/y"},
		"/\t/e":                       {Origin: "https://e", Path: "/"},
		" \x01//E:443/x":              {Origin: "https://e", Path: "/x"},
		"https:a":                     {Origin: own, Path: "/dir/a"},
		"https:/a":                    {Origin: own, Path: "/a"},
		"https:\\\\e":                 {Origin: "https://e", Path: "/"},
		"http:e":                      {Origin: "http://e", Path: "/"},
		"http:///e:80//x":             {Origin: "http://e", Path: "//x"},
		"ht\ntps://u:p@e":             {Origin: "https://e", Path: "/"},
		"//app.example@e?x":           {Origin: "https://e", Path: "/", Query: "x"},
		"java\tscript:alert(1)":       {Origin: Opaque, Path: "alert(1)"},
		"//app.example":               {Origin: own, Path: "/"},
		"1x:a":                        {Origin: own, Path: "/dir/1x:a"},
		"https://app.example:443/a#x": {Origin: own, Path: "/a", Fragment: "x"},
	} {
		got, err := Resolve(base, location)
		require.NoError(t, err, "%q", location)
		assert.Equal(t, want, got, "%q", location)
	}
	for _, location := range []string{"//", "https://", "//a b", "https:// e", "//app.example:443:443"} {
		_, err := Resolve(base, location)
		assert.Error(t, err, "%q", location)
	}
}
