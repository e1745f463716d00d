//go:build integration

package deploytest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The bounds of connections follow GOMEMLIMIT. The kernel's limit must leave room
// for memory outside Go's heap and for garbage.
// internal/adapters/http/server/limits.go has the measured numbers.
func TestMemoryLimitsFitTogether(t *testing.T) {
	compose := documents(t, "deploy/compose.yaml")[0]
	objects := manifests(t)
	service := unitFile(t)
	limits := map[string][3]string{ // Go's limit, the kernel's limit and its unit
		"compose":    {text(compose.at("services", "app", "environment"))["GOMEMLIMIT"], fmt.Sprint(compose.at("services", "app", "mem_limit")), "m"},
		"kubernetes": {text(objects["ConfigMap"].at("data"))["GOMEMLIMIT"], fmt.Sprint(container(objects, "resources", "limits", "memory")), "Mi"},
		"systemd":    {assigned(service["Environment"], "GOMEMLIMIT"), strings.Join(service["MemoryMax"], " "), "M"},
	}
	for name, l := range limits {
		assert.Equal(t, 200<<20, bytesOf(t, l[0], "MiB"), "%s: GOMEMLIMIT, as limits.go says", name)
		assert.Equal(t, 256<<20, bytesOf(t, l[1], l[2]), "%s: the process's limit", name)
	}
}

// assigned returns the value of a variable in NAME=value lines, or "".
func assigned(assignments []string, name string) string {
	return variables(strings.Join(assignments, "\n"))[name]
}

// bytesOf parses a size. unit is the suffix for 1024 times 1024.
func bytesOf(t *testing.T, size, unit string) int {
	t.Helper()
	number, ok := strings.CutSuffix(size, unit)
	require.True(t, ok, "%q in %s", size, unit)
	n, err := strconv.Atoi(number)
	require.NoError(t, err)
	return n << 20
}
