//go:build unix

package main

import (
	"bytes"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every start waits for the initialisation of every package, also of those that
// it does not use. What one of ours allocates there tells what it does, on any
// machine alike: a table is small, a regular expression with large counts is
// not, and has cost 3 ms.
func TestNoPackageHoldsTheStartUp(t *testing.T) {
	const enough = 64 << 10 // bytes
	cmd := program(t, []string{"-version"}, "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	cmd.Stderr = &trace
	require.NoError(t, cmd.Run())
	found := regexp.MustCompile(`init (webapp/\S+) @.*?, (\d+) bytes,`).FindAllStringSubmatch(trace.String(), -1)
	require.NotEmpty(t, found)
	for _, one := range found {
		allocated, err := strconv.Atoi(one[2])
		require.NoError(t, err)
		assert.Less(t, allocated, enough, one[1])
	}
}
