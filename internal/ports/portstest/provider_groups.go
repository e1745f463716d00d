package portstest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func groupTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Groups/all of them", groupsAll},
		{"Groups/all of them or none", groupsNone},
	}
}

func groupsAll(t *testing.T, h *providerTest) {
	lookup, ok := h.Provider.(ports.GroupLookup)
	if !ok || h.Groups == nil {
		return
	}
	n, token := h.Groups(t)
	for range 2 {
		ids, err := lookup.MemberGroups(t.Context(), token)
		require.NoError(t, err)
		assert.Len(t, ids, n)
		seen := make(map[string]bool)
		for _, id := range ids {
			assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, id)
			assert.False(t, seen[id])
			seen[id] = true
		}
	}
}

func groupsNone(t *testing.T, h *providerTest) {
	lookup, ok := h.Provider.(ports.GroupLookup)
	if !ok || h.Groups == nil {
		return
	}
	_, token := h.Groups(t)
	for _, bad := range []string{"", "never-issued"} {
		ids, err := lookup.MemberGroups(t.Context(), bad)
		require.ErrorIs(t, err, ports.ErrInteractionRequired)
		assert.Nil(t, ids)
	}
	h.Down(true)
	ids, err := lookup.MemberGroups(t.Context(), token)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.NotContains(t, err.Error(), token)
	assert.Nil(t, ids)
}
