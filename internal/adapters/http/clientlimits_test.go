package http

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// network is the nth /64 of a block that somebody has been given.
func network(n uint32) netip.Addr {
	address := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	binary.BigEndian.PutUint32(address[4:], n)
	return netip.AddrFrom16(address)
}

// customer is the nth /56.
func customer(n uint32) netip.Addr { return network(n << 8) }

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Whoever has a /32 of IPv6 has four billion networks, and each begins sign-ins:
// what is remembered of them does not grow, and others go on.
func TestAMillionAddressesTakeNoRoom(t *testing.T) {
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

// Who shares a bucket with an address that has used its budget is refused too;
// nobody can choose to, because each process hashes in its own way.
func TestOneAddressHardlyTakesAnothersBudget(t *testing.T) {
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

func TestTheBudgetComesBackWithTime(t *testing.T) {
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
	assert.Equal(t, signInsPerMinute, count(), "no more than a minute's")
	now = now.Add(-time.Hour) // the clock was set back
	assert.Zero(t, count())
	now = now.Add(time.Hour + time.Minute)
	assert.Equal(t, signInsPerMinute, count())
}

// Whoever is given a /56 of IPv6 is not given 256 budgets.
func TestABlockOfIPv6HasOneBudget(t *testing.T) {
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
	another := uint32(256) // the first of the next block that has another bucket
	for begun.limiter(network(another)) == begun.limiter(network(0)) {
		another += 256
	}
	assert.True(t, begun.allow(network(another)), "another block")
	now = now.Add(10 * time.Second)
	assert.True(t, begun.allow(network(0)), "it comes back with time")
}

// What is counted beyond the bound, because it was under way already, is paid
// back before anything else is allowed.
func TestWhatIsCountedBeyondTheBoundIsPaidBack(t *testing.T) {
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
