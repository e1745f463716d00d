package http

import (
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/ports/portstest"
)

// network returns an address in the nth /64 of a block.
func network(n uint32) netip.Addr {
	address := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	binary.BigEndian.PutUint32(address[4:], n)
	return netip.AddrFrom16(address)
}

// customer returns an address in the nth /56 of the block.
func customer(n uint32) netip.Addr { return network(n << 8) }

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// An IPv6 /32 has four billion networks. Sign-ins from all of them neither use
// memory nor block other addresses.
func TestAMillionAddressesUseNoMemory(t *testing.T) {
	now := time.Now()
	before := heap()
	begun := newAddressRate(signInsPerMinute, func() time.Time { return now })
	for n := range uint32(1_000_000) {
		begun.allow(customer(n))
	}
	assert.Less(t, heap()-before, int64(2<<20))
	assert.True(t, begun.allow(netip.MustParseAddr("192.0.2.1")))
	runtime.KeepAlive(begun)
}

// An address in the same bucket as one at its limit is refused too. Nobody can
// choose a bucket, because each process has its own seed.
func TestOneAddressHardlyUsesUpAnothersLimit(t *testing.T) {
	now := time.Now()
	begun := newAddressRate(signInsPerMinute, func() time.Time { return now })
	for range signInsPerMinute + 100 {
		begun.allow(network(1))
	}
	assert.False(t, begun.allow(network(1)))
	refused := 0
	for n := range uint32(1000) {
		if !begun.allow(customer(n + 1)) {
			refused++
		}
	}
	assert.LessOrEqual(t, refused, 3, "of a thousand others")
}

func TestTheLimitRecoversWithTime(t *testing.T) {
	now := time.Now()
	begun := newAddressRate(signInsPerMinute, func() time.Time { return now })
	count := func() (allowed int) {
		for begun.allow(network(1)) {
			allowed++
		}
		return allowed
	}
	assert.Equal(t, signInsPerMinute, count())
	now = now.Add(10 * time.Second)
	assert.InDelta(t, signInsPerMinute/6, count(), 1)
	now = now.Add(time.Hour)
	assert.Equal(t, signInsPerMinute, count(), "at most the limit of a minute")
	now = now.Add(-time.Hour) // the clock was set back
	assert.Zero(t, count())
	now = now.Add(time.Hour + time.Minute)
	assert.Equal(t, signInsPerMinute, count())
}

func TestAnIPv6BlockHasOneLimit(t *testing.T) {
	now := time.Now()
	begun := newAddressRate(signInsPerMinute, func() time.Time { return now })
	allowed := 0
	for n := range uint32(256) {
		for range 100 {
			if begun.allow(network(n)) {
				allowed++
			}
		}
	}
	assert.Equal(t, signInsPerMinute, allowed)
	another := uint32(256) // the first block in another bucket
	for begun.limiter(network(another)) == begun.limiter(network(0)) {
		another += 256
	}
	assert.True(t, begun.allow(network(another)), "another block")
	now = now.Add(10 * time.Second)
	assert.True(t, begun.allow(network(0)), "the limit recovers with time")
}

// Requests that were already running count beyond the limit. They delay the next
// allowed request.
func TestEventsBeyondTheLimitDelayTheNext(t *testing.T) {
	now := time.Now()
	refused := newAddressRate(refusedCodesPerMinute, func() time.Time { return now })
	client := netip.MustParseAddr("192.0.2.1")
	for range refusedCodesPerMinute {
		assert.False(t, refused.exhausted(client))
		refused.count(client)
	}
	assert.True(t, refused.exhausted(client))
	for range refusedCodesPerMinute {
		refused.count(client)
	}
	now = now.Add(time.Minute)
	assert.True(t, refused.exhausted(client))
	now = now.Add(2 * time.Second)
	assert.False(t, refused.exhausted(client))
}

// TestTheLimitOfPushesIsCheckedFirst: a sign-in that is refused by it uses up no other
// limit.
func TestTheLimitOfPushesIsCheckedFirst(t *testing.T) {
	clock := portstest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	provider := portstest.NewFakeProvider(clock.Now)
	provider.PushRequests(true)
	sessions := portstest.NewFakeSessions(clock.Now)
	service, err := domain.New(domain.Config{
		Provider: provider, Sessions: sessions, Limits: domain.Limits{Idle: time.Hour, Lifetime: time.Hour}, Now: clock.Now, Random: rand.Reader,
	})
	require.NoError(t, err)
	a := &app{Config: Config{Domain: service, Now: clock.Now, Logger: slog.New(slog.DiscardHandler)}, pages: mustPages(t), pushes: newAddressRate(pushesPerMinute, clock.Now)}
	begun := 0
	h := a.limitSignIns(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { begun++ }))
	ask := func() int {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/login", nil))
		return rec.Code
	}
	for range signInsPerMinute + pushesPerMinute {
		ask()
	}
	assert.Equal(t, pushesPerMinute, begun)
	assert.Equal(t, http.StatusTooManyRequests, ask())
	provider.PushRequests(false)
	assert.Equal(t, http.StatusOK, ask(), "the other limit is not used up")
}
