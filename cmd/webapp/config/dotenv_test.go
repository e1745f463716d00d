package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inDirectoryWith makes text the .env of the working directory.
func inDirectoryWith(t *testing.T, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile(".env", []byte(text), 0o600))
}

func TestTheEnvironmentWinsOverDotEnv(t *testing.T) {
	inDirectoryWith(t, "\ufeff# comment\nCLIENT_ID=from-file\nSCOPE='a b'\n")
	var found Problems
	env, hints := withDotEnv(lookupIn(map[string]string{"CLIENT_ID": "from-env"}), &found)
	require.Empty(t, found.List)
	assert.Empty(t, hints)
	id, _ := env("CLIENT_ID")
	scope, _ := env("SCOPE")
	assert.Equal(t, "from-env", id)
	assert.Equal(t, "a b", scope)
}

func TestDotEnvThatCannotBeUnderstood(t *testing.T) {
	for line, text := range map[string]string{
		"line 1.": "CLIENT-SECRET!S3cret~Value\n",
		"line 3.": "CLIENT_ID=x\n\nCLIENT-SECRET!S3cret~Value\nSCOPE=y\n",
		"line 4.": "CLIENT_ID='one\ntwo'\nSCOPE=y\nCLIENT_SECRET='S3cret~Value\n",
	} {
		inDirectoryWith(t, text)
		_, err := load(lookupIn(nil), false)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "S3cret~Value")
		assert.ErrorContains(t, err, ".env")
		assert.ErrorContains(t, err, line)
	}
}

func TestDotEnvThatCannotBeRead(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir(filepath.Join(".", ".env"), 0o700))
	_, err := load(lookupIn(nil), false)
	assert.ErrorContains(t, err, ".env")

	inDirectoryWith(t, strings.Repeat("# x\n", maxDotEnv/4+1))
	_, err = load(lookupIn(nil), false)
	assert.ErrorContains(t, err, "larger than")
}

// What goes wrong in such a file without a word is said, and no more than that.
func TestSlipsOfTheHandInDotEnv(t *testing.T) {
	for text, want := range map[string]string{
		"SCOPES=x\n":                                "SCOPES stands in .env and is not read. Did you mean SCOPE?",
		"REDIRECT_URL=x":                            "REDIRECT_URL stands in .env and is not read. Did you mean REDIRECT_URI?",
		"export CLIENTID=x":                         "CLIENTID stands in .env and is not read. Did you mean CLIENT_ID?",
		"client_id=x":                               "client_id stands in .env and is not read. Did you mean CLIENT_ID?",
		"CLIENT_ID=a\nCLIENT_ID=b\n":                "CLIENT_ID stands in .env more than once. The last one counts. Remove the others.",
		"CLIENT_ID=ab$EFG~x":                        "CLIENT_ID holds a $ outside single quotes in .env, so that part of it is replaced. Write the value in 'single quotes'.",
		`CLIENT_ID="ab$EFG~x"`:                      "CLIENT_ID holds a $ outside single quotes in .env, so that part of it is replaced. Write the value in 'single quotes'.",
		"CLIENT_SECRET=${EFG}":                      "CLIENT_SECRET holds a $ outside single quotes in .env, so that part of it is replaced. Write the value in 'single quotes'.",
		"CLIENT_SECRET=ab$EFG~x":                    "",
		"CLIENT_SECRET='ab$EFG~x'":                  "",
		`CLIENT_SECRET="ab\$EFG~x"`:                 "",
		"CLIENT_ID=a # costs $5":                    "",
		"COMPOSE_FILE=x\nPATH=$HOME/bin\nSHAPE=y\n": "",
		"#CLIENT_ID=a\nCLIENT_ID=b":                 "",
	} {
		inDirectoryWith(t, text)
		var found Problems
		_, hints := withDotEnv(lookupIn(nil), &found)
		require.Empty(t, found.List, text)
		said := ""
		for _, h := range hints {
			said += h.Name + " " + h.Wrong + ". " + h.Remedy
			assert.NotContains(t, said, "EFG")
		}
		assert.Equal(t, want, said, text)
	}
}

// A secret is what it is, whatever quotes it stands in.
func TestSecretsInDotEnvAreKeptAsTheyAre(t *testing.T) {
	const secret = `$1x~Q8$ABC$$def.$`
	for _, quote := range []string{"", `"`, "'"} {
		inDirectoryWith(t, "CLIENT_ID=$NOTHING-a\nexport CLIENT_SECRET = "+quote+secret+quote+"\nSCOPE=x\n")
		var found Problems
		env, _ := withDotEnv(lookupIn(nil), &found)
		require.Empty(t, found.List)
		for name, want := range map[string]string{"CLIENT_ID": "-a", "CLIENT_SECRET": secret, "SCOPE": "x"} {
			value, _ := env(name)
			assert.Equal(t, want, value, "%s in %q", name, quote)
		}
	}
}
