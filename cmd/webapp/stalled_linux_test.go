package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two thousand strangers who stall within the largest requests that there are
// take no more of the process's memory than connections may, three quarters of
// what the files in deploy set; and everybody else is served.
func TestUnfinishedRequestsFitTheMemory(t *testing.T) {
	w := newWorld(t, map[string]string{"LOG_LEVEL": "error"})
	p := w.public()
	other := p.person("127.77.0.1")
	other.visit()
	before := measure()
	request := "POST /backchannel-logout HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + plainForm +
		"\r\nContent-Length: 32000\r\nX-Padding: " + strings.Repeat("x", 30<<10) + "\r\n\r\n" + strings.Repeat("x", 31_000)
	for i := range 2000 {
		conn, err := p.dialFrom(t.Context(), fmt.Sprintf("127.66.0.%d", 1+i%8))
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, request) // the server may have closed it
		if i%500 == 499 {
			assert.True(t, other.visit(), "the connection of somebody else is left alone")
		}
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) { // a connection that is closed takes a moment to end
		assert.Less(c, measure().heap-before.heap, int64(150<<20))
		assert.Greater(c, p.open.Load(), int64(500), "it is the bound that closes them, and no time-out")
	}, 5*time.Second, 50*time.Millisecond)
	p.person("127.66.0.1").visit()
	other.visit()
	require.Eventually(t, func() bool { return p.open.Load() < 1500 }, 10*time.Second, 10*time.Millisecond)
}
