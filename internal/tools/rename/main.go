// Command rename gives the application another module path and another name, in all
// files that git tracks and in file names. The name is part of cookies, metrics,
// database tables, log texts and deployment files, so two applications made from
// this one can share a host and a store.
//
//	go run ./internal/tools/rename -module example.com/acme/portal -name portal
//
// It only changes files. `git diff` shows the changes, and `git checkout .` reverts
// them.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

func main() {
	if err := run(os.Args[1:], ".", os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "rename:", err)
		os.Exit(1)
	}
}

// run renames in the git checkout in dir and prints a summary.
func run(args []string, dir string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("rename", flag.ContinueOnError)
	flags.SetOutput(stderr)
	module := flags.String("module", "", "module path of your application, such as example.com/acme/portal")
	name := flags.String("name", "", "its name in cookies, metrics and files: small letters and digits, such as portal")
	if err := flags.Parse(args); err != nil {
		return err
	}
	oldModule, oldName, err := current(dir)
	if err != nil {
		return err
	}
	r, err := newRenamer(oldModule, oldName, *module, *name)
	if err != nil {
		return err
	}
	tracked, err := exec.Command("git", "-C", dir, "ls-files", "-z").Output()
	if err != nil {
		return fmt.Errorf("list the files of the git checkout: %w", err)
	}
	changed := 0
	for file := range strings.SplitSeq(strings.TrimRight(string(tracked), "\x00"), "\x00") {
		if strings.HasPrefix(file, "internal/tools/rename/") {
			continue // its tests need the old name
		}
		did, err := r.file(dir, file)
		if err != nil {
			return err
		}
		if did {
			changed++
		}
	}
	_, err = fmt.Fprintf(stdout, "Changed %d files. Next: go mod tidy && go test ./...\n", changed)
	return err
}

// current returns the module path from go.mod, and the name of the only folder in
// cmd.
func current(dir string) (module, name string, err error) {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", "", err
	}
	line := moduleLine.FindSubmatch(mod)
	programs, err := os.ReadDir(filepath.Join(dir, "cmd"))
	if err != nil {
		return "", "", err
	}
	if line == nil || len(programs) != 1 {
		return "", "", errors.New("run it in the root of the module, with one program in cmd")
	}
	return string(line[1]), programs[0].Name(), nil
}

var (
	validModule = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._~-]*(/[a-zA-Z0-9._~-]+)*$`)
	// A name is part of SQL identifiers, metric names and cookie names.
	validName  = regexp.MustCompile(`^[a-z][a-z0-9]{1,30}$`)
	moduleLine = regexp.MustCompile(`(?m)^module (\S+)$`)
)

type renamer struct {
	oldName, name, module string
	// modulePath matches the module path before one of its packages. It does not
	// match a folder of the same name, such as cmd/webapp/config.
	modulePath *regexp.Regexp
	moduleLine *regexp.Regexp
}

func newRenamer(oldModule, oldName, module, name string) (renamer, error) {
	if !validModule.MatchString(module) {
		return renamer{}, fmt.Errorf("-module %q is not a module path, such as example.com/acme/portal", module)
	}
	if !validName.MatchString(name) {
		return renamer{}, fmt.Errorf("-name %q must be 2 to 31 small letters and digits, and begin with a letter", name)
	}
	quoted := regexp.QuoteMeta(oldModule)
	return renamer{
		oldName:    oldName,
		name:       name,
		module:     module,
		modulePath: regexp.MustCompile(`(^|[^/\w.-])` + quoted + `(/cmd/|/internal/|/templates\b|/")`),
		moduleLine: regexp.MustCompile(`(?m)^module ` + quoted + `$`),
	}, nil
}

// text returns the content of a file after the renaming.
func (r renamer) text(old []byte) []byte {
	// The mark protects a module path that contains the old name from the second
	// replacement.
	const mark = "\x00"
	s := r.modulePath.ReplaceAll(old, []byte("${1}"+mark+"${2}"))
	s = r.moduleLine.ReplaceAll(s, []byte("module "+mark))
	s = bytes.ReplaceAll(s, []byte(r.oldName), []byte(r.name))
	return bytes.ReplaceAll(s, []byte(mark), []byte(r.module))
}

// file renames in one file, and moves the file if its path contains the old name. It
// returns whether it has changed something. The content of binary files stays.
func (r renamer) file(dir, file string) (bool, error) {
	from := filepath.Join(dir, filepath.FromSlash(file))
	info, err := os.Lstat(from)
	if os.IsNotExist(err) || err == nil && !info.Mode().IsRegular() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	old, err := os.ReadFile(from)
	if err != nil {
		return false, err
	}
	content := old
	if utf8.Valid(old) && !bytes.ContainsRune(old, 0) && filepath.Base(file) != "go.sum" {
		content = r.text(old)
		if strings.HasSuffix(file, ".go") {
			if content, err = format.Source(content); err != nil {
				return false, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	to := filepath.Join(dir, filepath.FromSlash(strings.ReplaceAll(file, r.oldName, r.name)))
	if to == from && bytes.Equal(content, old) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return false, err
	}
	if err := os.WriteFile(to, content, info.Mode().Perm()); err != nil {
		return false, err
	}
	if to == from {
		return true, nil
	}
	if err := os.Remove(from); err != nil {
		return false, err
	}
	_ = os.Remove(filepath.Dir(from)) // only if it is empty now
	return true, nil
}
