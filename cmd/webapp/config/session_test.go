package config

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/secretfile"
)

const (
	otherKey = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
	zeroKey  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	kKey     = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
)

func inFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "value")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func decoded(t *testing.T, keys ...string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, encoded := range keys {
		key, err := base64.StdEncoding.DecodeString(encoded)
		require.NoError(t, err)
		all = append(all, key)
	}
	return all
}

// A variable and its file are never set together.
func TestAVariableAndItsFileAreBothSet(t *testing.T) {
	for name, value := range map[string]string{
		"SESSION_KEY": someKey, "SESSION_STORE": "memory:", "CLIENT_SECRET": "S3cret~Value", "CLIENT_CERTIFICATE_PASSWORD": "S3cret~Value",
	} {
		t.Run(name, func(t *testing.T) {
			vars := good()
			if name == "CLIENT_CERTIFICATE_PASSWORD" {
				delete(vars, "CLIENT_SECRET")
				vars["CLIENT_CERTIFICATE_FILE"] = "../../../internal/adapters/entra/credential/testdata/certificates/plain-pkcs1.pem"
			}
			vars[name], vars[name+"_FILE"] = value, inFile(t, value)
			_, err := load(lookupIn(vars), false)
			found, ok := errors.AsType[*Problems](err)
			require.True(t, ok, "%v", err)
			require.Len(t, found.List, 1)
			assert.Equal(t, Problem{Name: name + " and " + name + "_FILE", Wrong: "are both set", Remedy: "Remove one of the two."}, found.List[0])
			assert.NotContains(t, err.Error(), "S3cret")
		})
	}
	for _, name := range []string{"SESSION_KEY", "SESSION_STORE"} {
		_, err := load(lookupIn(map[string]string{name: "memory:", name + "_FILE": inFile(t, someKey)}), true)
		require.ErrorContains(t, err, name+" and "+name+"_FILE are both set", "the demo has sessions too")
	}
}

func TestTheKeysInAFile(t *testing.T) {
	inUTF16 := func(text string) string {
		b := []byte{0xff, 0xfe}
		for _, unit := range utf16.Encode([]rune(text)) {
			b = append(b, byte(unit), byte(unit>>8))
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"commas": someKey + "," + otherKey, "lines": someKey + "\n" + otherKey + "\n", "both": someKey + ", \r\n" + otherKey + ",",
		"byte order mark": "\ufeff" + someKey + "\r\n" + otherKey, "UTF-16": inUTF16(someKey + "\r\n" + otherKey + "\r\n"),
	} {
		vars := good()
		vars["SESSION_STORE"], vars["SESSION_KEY_FILE"] = "sqlite:sessions.db", inFile(t, text)
		c, err := load(lookupIn(vars), false)
		require.NoError(t, err, name)
		assert.Empty(t, c.Hints, name)
		assert.Equal(t, decoded(t, someKey, otherKey), c.Keys(), name)
	}
}

// Keys are judged alike in the variable and in the file, at the start and later.
func TestKeysThatCannotBeUsed(t *testing.T) {
	for name, test := range map[string]struct{ text, redirect, wrong string }{
		"too short":               {"c2hvcnQ=", "", "is not base64 of 32 bytes, or a list of such keys separated by commas or lines"},
		"the second is no base64": {someKey + ",S3cret", "", "is not base64 of 32 bytes"},
		"zeros":                   {someKey + "," + zeroKey, "", "has a key of one repeated byte, which anybody can guess"},
		"one byte with https":     {kKey, "https://app.example/getAToken", "has a key of one repeated byte, which anybody can guess"},
		"commas only":             {" , ", "", "has no key"},
	} {
		t.Run(name, func(t *testing.T) {
			vars := good()
			vars["REDIRECT_URI"], vars["SESSION_KEY"] = test.redirect, test.text
			_, err := load(lookupIn(vars), false)
			require.ErrorContains(t, err, "SESSION_KEY "+test.wrong)
			assert.NotContains(t, err.Error(), "S3cret")

			delete(vars, "SESSION_KEY")
			vars["SESSION_KEY_FILE"] = inFile(t, test.text)
			_, err = load(lookupIn(vars), false)
			require.ErrorContains(t, err, "SESSION_KEY_FILE "+test.wrong)
			assert.NotContains(t, err.Error(), "S3cret")

			file, logs := openKeys(t, vars, otherKey)
			require.NoError(t, os.WriteFile(vars["SESSION_KEY_FILE"], []byte(test.text), 0o600))
			assert.Equal(t, decoded(t, otherKey), file.Get(t.Context()), "the old keys stay in use")
			assert.Contains(t, logs.String(), "level=WARN")
			assert.Contains(t, logs.String(), "the new list of session keys cannot be used; the previous one stays in use: the file "+test.wrong)
			assert.NotContains(t, logs.String(), "S3cret")
		})
	}
}

// openKeys starts with text in SESSION_KEY_FILE.
func openKeys(t *testing.T, vars map[string]string, text string) (*secretfile.File[[][]byte], *bytes.Buffer) {
	t.Helper()
	require.NoError(t, os.WriteFile(vars["SESSION_KEY_FILE"], []byte(text), 0o600))
	c, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	logs := &bytes.Buffer{}
	noPause := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	file, err := c.OpenSessionKeyFile(noPause, slog.New(slog.NewTextHandler(logs, nil)))
	require.NoError(t, err)
	assert.Empty(t, logs.String())
	return file, logs
}

func TestANewVersionOfTheKeysInAFile(t *testing.T) {
	vars := good()
	vars["SESSION_KEY_FILE"] = inFile(t, "")
	file, logs := openKeys(t, vars, kKey)
	assert.Equal(t, decoded(t, kKey), file.Get(t.Context()))

	require.NoError(t, os.WriteFile(vars["SESSION_KEY_FILE"], []byte(kKey+"\n"+someKey), 0o600))
	assert.Equal(t, decoded(t, kKey, someKey), file.Get(t.Context()))
	assert.Contains(t, logs.String(), "the list of session keys has changed; the new one is in use")
	assert.Contains(t, logs.String(), "configuration: SESSION_KEY_FILE has a key of one repeated byte", "what would be a hint at the start")
	for _, key := range []string{kKey, someKey} {
		assert.NotContains(t, logs.String(), key)
	}

	require.NoError(t, os.Remove(vars["SESSION_KEY_FILE"]))
	assert.Equal(t, decoded(t, kKey, someKey), file.Get(t.Context()))
	assert.Contains(t, logs.String(), "the file does not exist")
}

func TestSessionFilesThatEverybodyCanRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes of files")
	}
	vars := good()
	vars["SESSION_KEY_FILE"], vars["SESSION_STORE_FILE"] = inFile(t, someKey), inFile(t, "sqlite:sessions.db")
	for _, name := range []string{"SESSION_KEY_FILE", "SESSION_STORE_FILE"} {
		require.NoError(t, os.Chmod(vars[name], 0o644))
	}
	c, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"SESSION_KEY_FILE", "SESSION_STORE_FILE"}, names(c.Hints))
}

func TestNoKeyFileIsOpenedWithoutItsVariable(t *testing.T) {
	c, err := load(lookupIn(good()), false)
	require.NoError(t, err)
	file, err := c.OpenSessionKeyFile(nil, nil)
	require.NoError(t, err)
	assert.Nil(t, file)
}

func TestAKeyFileThatVanishesAfterTheCheck(t *testing.T) {
	vars := good()
	vars["SESSION_KEY_FILE"] = inFile(t, someKey)
	c, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	require.NoError(t, os.Remove(vars["SESSION_KEY_FILE"]))
	_, err = c.OpenSessionKeyFile(nil, nil)
	require.EqualError(t, err, "SESSION_KEY_FILE does not exist")
}

func TestTheStoreInAFile(t *testing.T) {
	for name, test := range map[string]struct{ text, want, wrong string }{
		"a line":              {"redis://:S3cret@redis.example\r\n", "redis://:S3cret@redis.example", ""},
		"blanks":              {"\ufeff sqlite:/x/sessions.db \n", "sqlite:/x/sessions.db", ""},
		"memory":              {"memory:\n", "memory:", ""},
		"nothing":             {"\n", "", "is empty"},
		"two lines":           {"memory:\nredis://S3cret", "", "holds more than one line"},
		"quotation marks":     {`"redis://:S3cret@redis.example"`, "", "begins with a quotation mark"},
		"an unknown store":    {"floppy:S3cret", "", "is not a store that this application knows"},
		"no server":           {"redis://", "", "names no file or server"},
		"text behind memory:": {"memory:S3cret", "", "has text after memory:"},
		"no URL":              {"redis:S3cret", "", "is not a URL"},
		"too large":           {strings.Repeat("S3cret", 1000), "", "is larger than 4 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			vars := good()
			vars["SESSION_STORE_FILE"], vars["SESSION_KEY"] = inFile(t, test.text), someKey
			c, err := load(lookupIn(vars), false)
			if test.wrong == "" {
				require.NoError(t, err)
				assert.Equal(t, test.want, c.SessionStore)
				assert.Equal(t, "SESSION_STORE_FILE", c.StoreVariable())
				return
			}
			require.ErrorContains(t, err, "SESSION_STORE_FILE "+test.wrong)
			assert.NotContains(t, err.Error(), "S3cret")
		})
	}
	vars := good()
	vars["SESSION_STORE_FILE"] = filepath.Join(t.TempDir(), "missing")
	_, err := load(lookupIn(vars), false)
	require.ErrorContains(t, err, "SESSION_STORE_FILE does not exist")
	vars["SESSION_STORE_FILE"] = inFile(t, "sqlite:sessions.db")
	_, err = load(lookupIn(vars), false)
	require.ErrorContains(t, err, "SESSION_KEY is missing, but this SESSION_STORE_FILE needs it")
	vars["SESSION_STORE_FILE"] = inFile(t, "postgres://plain/db")
	vars["SESSION_KEY"] = someKey
	c, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	assert.Equal(t, []string{"SESSION_STORE_FILE"}, names(c.Hints))
}
