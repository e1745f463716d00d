package redis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func TestVersionsOfOneRecordShareTheirOrigin(t *testing.T) {
	v := newVersion()
	require.Positive(t, v)
	require.Len(t, origin(v), originSize)
	require.NotEqual(t, origin(v), origin(newVersion()))
	last := v | countMask
	for _, before := range []ports.Version{v, v + 1, v + 77, last - 1} {
		after, err := next(before)
		require.NoError(t, err)
		require.NotEqual(t, before, after)
		require.Equal(t, origin(v), origin(after))
	}
	_, err := next(last)
	require.ErrorIs(t, err, errWornOut)
}

func TestStoredValuesComeBack(t *testing.T) {
	v := newVersion()
	b := stored(v, []byte("value"))
	got, ok := readVersion(b)
	require.True(t, ok)
	require.Equal(t, v, got)
	require.Equal(t, "value", string(b[versionSize:]))
	_, ok = readVersion(b[:7])
	require.False(t, ok)
}
