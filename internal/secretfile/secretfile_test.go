package secretfile_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/secretfile"
)

func inUTF16(text string, bigEndian bool) []byte {
	var data []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		if bigEndian {
			data = append(data, byte(unit>>8), byte(unit))
		} else {
			data = append(data, byte(unit), byte(unit>>8))
		}
	}
	return data
}

// The same value, as editors, shells and Windows PowerShell write it.
func TestValueIsReadInEveryForm(t *testing.T) {
	const secret = ` S3cr~t "ä€😀`
	for name, data := range map[string][]byte{
		"bare":                     []byte(secret),
		"line break":               []byte(secret + "\n"),
		"line break of Windows":    []byte(secret + "\r\n"),
		"line breaks":              []byte("\n" + secret + "\r\n\r\n"),
		"byte order mark":          []byte("\xef\xbb\xbf" + secret + "\r\n"),
		"UTF-16, little endian":    inUTF16(secret+"\r\n", false),
		"UTF-16, big endian":       inUTF16(secret+"\r\n", true),
		"mark in front of a break": []byte("\xef\xbb\xbf\n" + secret),
	} {
		value, err := secretfile.Value(data)
		require.NoError(t, err, name)
		assert.Equal(t, secret, value, name)
	}
}

func TestAnUnreadableValueNamesTheCause(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		text string
	}{
		"blank":                {[]byte(" \n"), "is empty"},
		"mark alone":           {[]byte("\xef\xbb\xbf"), "is empty"},
		"two lines":            {[]byte("S3cret\nS3cret"), "more than one line"},
		"tab":                  {[]byte("S3cret\tS3cret"), "a control character"},
		"UTF-16 without mark":  {inUTF16("S3cret", false)[2:], "UTF-16 without a byte order mark"},
		"UTF-16, odd":          {append(inUTF16("S3cret", false), 'x'), "damaged UTF-16"},
		"UTF-16, a half":       {append(inUTF16("S3cret", false), 0x3d, 0xd8), "damaged UTF-16"},
		"Latin-1":              {[]byte("S3cr\xe9t"), "is not UTF-8"},
		"UTF-32":               {[]byte("\xff\xfe\x00\x00S\x00\x00\x00"), "a control character"},
		"binary":               {[]byte("S3cret\x00"), "is no text"},
		"UTF-16 and two lines": {inUTF16("S3cret\r\nS3cret", true), "more than one line"},
	} {
		_, err := secretfile.Value(c.data)
		require.ErrorContains(t, err, c.text, name)
		assert.NotContains(t, err.Error(), "S3cr", name)
	}
}

func TestInQuotes(t *testing.T) {
	for value, want := range map[string]bool{`"S3cret"`: true, `'S3cret'`: true, `""`: true, `"`: false, `S3"c"ret`: false, `"S3cret'`: false, "": false} {
		assert.Equal(t, want, secretfile.InQuotes(value), value)
	}
}

func TestOpenToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes of files")
	}
	path := filepath.Join(t.TempDir(), "secret")
	assert.False(t, secretfile.OpenToOthers(path), "no file")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	for mode, open := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o602: true} {
		require.NoError(t, os.Chmod(path, mode))
		assert.Equal(t, open, secretfile.OpenToOthers(path), mode)
	}
}

// A version is made of all its files: a new password alone is a new version.
func TestAVersionOfTwoFiles(t *testing.T) {
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "certificate"), filepath.Join(dir, "password")}
	write := func(i int, text string) { require.NoError(t, os.WriteFile(paths[i], []byte(text), 0o600)) }
	write(0, "a")
	write(1, "1")
	file := open(t, secretfile.Config[string]{Paths: paths, Parse: func(files [][]byte) (string, error) {
		if len(files[0]) != len(files[1]) {
			return "", os.ErrInvalid
		}
		return string(files[0]) + string(files[1]), nil
	}})
	assert.Equal(t, "a1", file.Get(t.Context()))
	write(0, "bb")
	assert.Equal(t, "a1", file.Get(t.Context()), "the new password is not there yet")
	write(1, "22")
	assert.Equal(t, "bb22", file.Get(t.Context()))
	require.NoError(t, os.Remove(paths[1]))
	assert.Equal(t, "bb22", file.Get(t.Context()))
}
