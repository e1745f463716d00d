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
	"time"

	"github.com/joho/godotenv"

	"webapp/internal/secretfile"
)

// maxDotEnv is the largest size of the file .env, in bytes.
const maxDotEnv = 256 << 10

// pipeTimeout is how long the start waits for the content of a .env that is a pipe. A
// password manager asks a person before it writes.
const pipeTimeout = 20 * time.Second

// DotEnv is the name of the file .env, and the name in a Problem with the whole file.
const DotEnv = ".env"

// withDotEnv returns a Lookup that also finds the variables of .env in the working
// directory. A variable of the environment overrides the one in .env, even if it is
// empty. The hints are lines that look like a mistake. If the file cannot be used,
// withDotEnv adds a problem to found.
func withDotEnv(environment Lookup, found *Problems) (both Lookup, hints []Problem) {
	text, err := readDotEnv(pipeTimeout)
	if errors.Is(err, fs.ErrNotExist) {
		return environment, nil
	}
	if err != nil {
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathError.Err
		}
		found.add(DotEnv, "cannot be read: "+err.Error(), "Make it a text file that this program is allowed to read.")
		return environment, nil
	}
	text = keepSecrets(text)
	file, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		// The parser's error quotes the line, which can contain a secret.
		found.add(DotEnv, fmt.Sprintf("has an error in line %d", firstBadLine(text)),
			"Each line must be NAME=value. Put a value with spaces, # or $ in 'single quotes'.")
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

// readDotEnv reads the file as UTF-8 or UTF-16. It removes byte order marks, also
// within the text, because a file that was joined from several files has more. timeout is
// how long the program that writes to a pipe may take: without it, a start with a pipe that
// nobody writes to would wait for ever.
func readDotEnv(timeout time.Duration) ([]byte, error) {
	var text []byte
	read := make(chan error, 1)
	go func() {
		var err error
		text, err = readFile()
		read <- err
	}()
	select {
	case err := <-read:
		if err != nil {
			return nil, err
		}
	case <-time.After(timeout):
		return nil, fmt.Errorf("it is a pipe that no program has written to for %s", timeout)
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

// readFile returns the first maxDotEnv+1 bytes of the file.
func readFile() ([]byte, error) {
	file, err := os.Open(DotEnv)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, maxDotEnv+1))
}

// firstBadLine returns the number of the first line that cannot be parsed. It
// parses shorter and shorter beginnings of the text, because a quoted value can
// have several lines.
func firstBadLine(text []byte) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.UnmarshalBytes(bytes.Join(lines[:n], nil)); err == nil {
			return n + 1
		}
	}
	return 1
}

// assignment matches the line that begins the value of a variable.
var assignment = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*[=:][ \t]*(.?)([^\r\n]*)`)

// keepSecrets escapes each $ in a secret. Otherwise the parser would replace it and
// the characters after it by the value of a variable, and the secret would be
// wrong. ${NAME} is replaced, as in Microsoft's tutorial.
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

// dotEnvHints reports mistakes that the parser accepts: a name that is nearly one of
// ours, a variable that is set twice, and a $ outside single quotes, which the
// parser replaces by the value of a variable.
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
			hints.add(name, "is in .env, but webapp does not know it", "Did you mean "+meant+"?")
			continue
		case seen[name]:
			hints.add(name, "is in .env more than once", "The last line is used. Remove the others.")
		}
		seen[name] = true
		if replacesPart(first, rest) {
			hints.add(name, "has a $ outside single quotes in .env, so a part of it is replaced", "Write the value in 'single quotes'.")
		}
	}
	return hints.List
}

// replacesPart reports whether the parser replaces a part of a value because of a $.
// first is the first character of the value.
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

// nearest returns the known name that is equal to name, or that differs by one or two
// typing mistakes. It returns "" for the variables of other programs.
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

// distance returns how many characters must be added, removed or replaced to turn a
// into b (Levenshtein).
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
