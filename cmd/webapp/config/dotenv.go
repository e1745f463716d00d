package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/joho/godotenv"

	"webapp/internal/secretfile"
)

// maxDotEnv bounds the file .env in bytes.
const maxDotEnv = 256 << 10

// DotEnv is the name of the file, and of a Problem with the file as a whole.
const DotEnv = ".env"

// withDotEnv adds the variables of .env in the working directory. A variable of
// the environment wins, also when it is empty. Hints are lines that look like a
// mistake. A file that cannot be used is a problem.
func withDotEnv(environment Lookup, found *Problems) (with Lookup, hints []Problem) {
	text, err := readDotEnv()
	if errors.Is(err, fs.ErrNotExist) {
		return environment, nil
	}
	if err != nil {
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathError.Err
		}
		found.add(DotEnv, "cannot be read: "+err.Error(), "This program needs a text file that it is allowed to read.")
		return environment, nil
	}
	text = keepSecrets(text)
	file, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		// The parser's error quotes the line, which may be a secret.
		found.add(DotEnv, fmt.Sprintf("cannot be understood in line %d", firstBadLine(text)),
			"Each line must be NAME=value; quote a value that holds spaces, # or $ in 'single quotes'.")
		return environment, nil
	}
	return func(name string) (string, bool) {
		if value, set := environment(name); set {
			return value, true
		}
		value, set := file[name]
		return value, set
	}, dotEnvHints(text)
}

// readDotEnv reads the file. Editors write it as UTF-8 or UTF-16 with a byte order
// mark in front, and a file that was put together of several has more marks.
func readDotEnv() ([]byte, error) {
	file, err := os.Open(DotEnv)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxDotEnv+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxDotEnv {
		return nil, fmt.Errorf("it is larger than %d kB", maxDotEnv>>10)
	}
	decoded, err := secretfile.Text(text)
	if err != nil {
		return nil, fmt.Errorf("it %w", err)
	}
	return []byte(strings.ReplaceAll(decoded, "\n"+byteOrderMark, "\n")), nil
}

// firstBadLine is the number of the line behind the longest beginning that can
// be understood: a quoted value may go over several.
func firstBadLine(text []byte) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.UnmarshalBytes(bytes.Join(lines[:n], nil)); err == nil {
			return n + 1
		}
	}
	return 1
}

// assignment is a line that begins a variable.
var assignment = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*[=:][ \t]*(.?)([^\r\n]*)`)

// keepSecrets escapes each $ in a secret, where the file's format would replace
// it together with what follows: secrets are full of them, and half a secret
// looks like a wrong one. ${NAME} is replaced, as by the tutorial's reader.
func keepSecrets(text []byte) []byte {
	var kept []byte
	done := 0
	for _, at := range assignment.FindAllSubmatchIndex(text, -1) {
		name, value := string(text[at[2]:at[3]]), text[at[4]:at[7]]
		if name != "CLIENT_SECRET" && name != "CLIENT_CERTIFICATE_PASSWORD" || bytes.HasPrefix(value, []byte("'")) {
			continue
		}
		kept = append(kept, text[done:at[4]]...)
		for i, c := range value {
			if c == '$' && (i == 0 || value[i-1] != '\\') && !bytes.HasPrefix(value[i+1:], []byte("{")) {
				kept = append(kept, '\\')
			}
			kept = append(kept, c)
		}
		done = at[7]
	}
	return append(kept, text[done:]...)
}

// dotEnvHints finds what goes wrong in such files without a word: a name that
// is nearly one of ours, a variable that stands twice, and a $ that is not in
// single quotes, which the file's format replaces by a variable's value.
func dotEnvHints(text []byte) []Problem {
	var hints Problems
	seen := map[string]bool{}
	var names []string
	for _, f := range fields() {
		names = append(names, f.variable)
	}
	for _, found := range assignment.FindAllSubmatch(text, -1) {
		name, first, rest := string(found[1]), string(found[2]), string(found[3])
		switch meant := nearest(name, names); {
		case meant == "":
			continue
		case meant != name:
			hints.add(name, "stands in .env and is not read", "Did you mean "+meant+"?")
			continue
		case seen[name]:
			hints.add(name, "stands in .env more than once", "The last one counts. Remove the others.")
		}
		seen[name] = true
		if replacesPart(first, rest) {
			hints.add(name, "holds a $ outside single quotes in .env, so that part of it is replaced", "Write the value in 'single quotes'.")
		}
	}
	return hints.List
}

// replacesPart says whether a value, given as its first character and the rest,
// holds a $ that counts.
func replacesPart(first, rest string) bool {
	value := strings.ReplaceAll(first+rest, `\$`, "")
	switch first {
	case "'":
		return false
	case `"`:
	default:
		value, _, _ = strings.Cut(value, " #")
	}
	return strings.Contains(value, "$")
}

// nearest is the known name that name is, or is a slip of the hand away from;
// "" where there is none, so that another program's variables are left alone.
func nearest(name string, known []string) string {
	if slices.Contains(known, name) {
		return name
	}
	for _, one := range known {
		if distance(strings.ToUpper(name), one) <= min(2, len(one)/5) {
			return one
		}
	}
	return ""
}

// distance is how many characters have to be added, removed or exchanged to
// make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
