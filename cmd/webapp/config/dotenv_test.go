package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inDirectoryWith changes to a new directory and writes text to its .env.
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

// Notepad, PowerShell's > and joined files contain such marks.
func TestDotEnvInEachEncoding(t *testing.T) {
	const text = "CLIENT_ID=the-id\r\nCLIENT_SECRET='S3cret~Value'\r\n\ufeffSCOPE=a b\r\n"
	utf16 := func(big bool) string {
		var b []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			if big {
				b = append(b, byte(unit>>8), byte(unit))
			} else {
				b = append(b, byte(unit), byte(unit>>8))
			}
		}
		return string(b)
	}
	for name, encoded := range map[string]string{
		"UTF-8": text, "UTF-8 with a mark": "\ufeff" + text, "UTF-16": utf16(false), "UTF-16, big end first": utf16(true),
	} {
		inDirectoryWith(t, encoded)
		var found Problems
		env, hints := withDotEnv(lookupIn(nil), &found)
		require.Empty(t, found.List, name)
		assert.Empty(t, hints, name)
		for variable, want := range map[string]string{"CLIENT_ID": "the-id", "CLIENT_SECRET": "S3cret~Value", "SCOPE": "a b"} {
			value, _ := env(variable)
			assert.Equal(t, want, value, "%s in %s", variable, name)
		}
	}
	inDirectoryWith(t, utf16(false)[2:])
	_, err := load(lookupIn(nil), false)
	assert.ErrorContains(t, err, ".env cannot be read: it is no text, or UTF-16 without a byte order mark: save it as UTF-8")
	assert.NotContains(t, err.Error(), "S3cret")
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

// Mistakes that the parser accepts are hints. Nothing else is.
func TestSlipsOfTheHandInDotEnv(t *testing.T) {
	for text, want := range map[string]string{
		"SCOPES=x\n":                                "SCOPES is in .env, but webapp does not know it. Did you mean SCOPE?",
		"REDIRECT_URL=x":                            "REDIRECT_URL is in .env, but webapp does not know it. Did you mean REDIRECT_URI?",
		"export CLIENTID=x":                         "CLIENTID is in .env, but webapp does not know it. Did you mean CLIENT_ID?",
		"client_id=x":                               "client_id is in .env, but webapp does not know it. Did you mean CLIENT_ID?",
		"CLIENT_ID=a\nCLIENT_ID=b\n":                "CLIENT_ID is in .env more than once. The last line is used. Remove the others.",
		"CLIENT_ID=ab$EFG~x":                        "CLIENT_ID has a $ outside single quotes in .env, so a part of it is replaced. Write the value in 'single quotes'.",
		`CLIENT_ID="ab$EFG~x"`:                      "CLIENT_ID has a $ outside single quotes in .env, so a part of it is replaced. Write the value in 'single quotes'.",
		"CLIENT_SECRET=${EFG}":                      "CLIENT_SECRET has a $ outside single quotes in .env, so a part of it is replaced. Write the value in 'single quotes'.",
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

// A secret keeps its $ signs in every kind of quotation marks.
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

// TestAnEmptyPromptHasAMeaning: a variable that is set to nothing sends no prompt, from
// the environment and from .env.
func TestAnEmptyPromptHasAMeaning(t *testing.T) {
	for name, c := range map[string]struct {
		env, file string
		prompt    string
		none      bool
	}{
		"not set":                       {"-", "", "", false},
		"empty in the environment":      {"", "", "", true},
		"a space in the environment":    {" ", "", "", true},
		"empty in .env":                 {"-", "SIGN_IN_PROMPT=\n", "", true},
		"empty quotes in .env":          {"-", "SIGN_IN_PROMPT=''\n", "", true},
		"a comment in .env":             {"-", "#SIGN_IN_PROMPT=\n", "", false},
		"the environment wins, empty":   {"", "SIGN_IN_PROMPT=login\n", "", true},
		"the environment wins, a value": {"consent", "SIGN_IN_PROMPT=\n", "consent", false},
		"a value in .env":               {"-", "SIGN_IN_PROMPT=login\n", "login", false},
	} {
		t.Run(name, func(t *testing.T) {
			inDirectoryWith(t, c.file)
			vars := good()
			if c.env != "-" {
				vars["SIGN_IN_PROMPT"] = c.env
			}
			read, err := load(lookupIn(vars), false)
			require.NoError(t, err)
			adapter := read.Entra(time.Now, nil)
			assert.Equal(t, c.none, adapter.NoPrompt)
			assert.Equal(t, c.prompt, adapter.Prompt)
		})
	}
}
