package fakeidp

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBoundedDropsTheOldest(t *testing.T) {
	b := newBounded[int](3)
	for i := range 5 {
		b.put(strconv.Itoa(i), i)
	}
	b.put("4", 40)
	_, ok := b.get("1")
	assert.False(t, ok)
	var left []int
	b.each(func(v int) bool {
		left = append(left, v)
		return len(left) < 3
	})
	assert.Equal(t, []int{2, 3, 40}, left)
	assert.Equal(t, 3, b.order.Len())
}
