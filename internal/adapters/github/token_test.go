package github

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatATokenMayBe(t *testing.T) {
	for _, text := range []string{"gho_16C7e42F292c6912E7710c838347Ae178B4a", "a", "a-._~+/9==", strings.Repeat("a", maxTokenBytes)} {
		assert.True(t, isToken(text), text)
	}
	for _, text := range []string{"", "=", "a b", "a\r\nX: y", "a\n", "a=b", "é", "a\x00", strings.Repeat("a", maxTokenBytes+1)} {
		assert.False(t, isToken(text), text)
	}
}
