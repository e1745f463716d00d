package authority

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGUIDsHaveOneSpelling(t *testing.T) {
	assert.True(t, IsGUID("7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"))
	assert.True(t, IsGUID("00000000-0000-0000-0000-000000000000"))
	for _, text := range []string{
		"", "7F0B8A52-3C1D-4E6F-9A20-5D41C8E7B301", "{7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301}", "7f0b8a523c1d4e6f9a205d41c8e7b301",
		"7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b30", "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b3011", "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b30g",
		"7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b30\n", "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301\n", "7f0b8a5--3c1d-4e6f-9a20-5d41c8e7b301",
		"7f0b8a52-3c1d-4e6f-9a2005d41-8e7b301", "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b3é",
	} {
		assert.False(t, IsGUID(text), text)
	}
}
