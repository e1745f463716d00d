package memory

import "sync"

// shard holds a part of the records. Records sit in slots; index finds them by
// key and due orders them by expiry. The layout spends about 80 bytes on a
// record besides its key and value, and one pointer to follow for the garbage
// collector's sake.
type shard struct {
	mu    sync.Mutex
	index map[string]uint32
	slots []slot
	free  []uint32
	due   heap
}

// slot holds one record. Key and value share one string, which the key in the
// index points into.
type slot struct {
	record  string
	expires int64 // Unix nanoseconds
	keySize uint32
	duePos  uint32 // where due has it
}

func (sl *slot) key() string   { return sl.record[:sl.keySize] }
func (sl *slot) value() string { return sl.record[sl.keySize:] }

func (sh *shard) find(key string) (uint32, bool) {
	i, ok := sh.index[key]
	return i, ok
}

// add puts a record into a free slot. The key must not be there.
func (sh *shard) add(key string, value []byte, expires int64) {
	var i uint32
	if n := len(sh.free); n > 0 {
		i, sh.free = sh.free[n-1], sh.free[:n-1]
	} else {
		i = uint32(len(sh.slots))
		sh.slots = append(sh.slots, slot{})
	}
	sh.slots[i] = slot{record: key + string(value), expires: expires, keySize: uint32(len(key))}
	if sh.index == nil {
		sh.index = make(map[string]uint32)
	}
	sh.index[sh.slots[i].key()] = i
	sh.push(i)
}

// remove frees a slot.
func (sh *shard) remove(i uint32) {
	delete(sh.index, sh.slots[i].key())
	sh.drop(i)
	sh.slots[i] = slot{}
	sh.free = append(sh.free, i)
}

// expire removes at most limit records that are due and reports whether there
// may be more.
func (sh *shard) expire(now int64, limit int) bool {
	removed := 0
	for ; removed < limit && len(sh.due) > 0; removed++ {
		first := sh.due[0]
		if sh.slots[first].expires > now {
			break
		}
		sh.remove(first)
	}
	if removed > 0 {
		sh.shrink()
	}
	return removed == limit
}

// shrinkAbove is the number of slots below which shrinking gains nothing.
const shrinkAbove = 64

// shrink moves the records into smaller tables once three quarters of the
// slots are free: a map never gives memory back by itself.
func (sh *shard) shrink() {
	if len(sh.slots) <= shrinkAbove || len(sh.index) > len(sh.slots)/4 {
		return
	}
	slots, due := sh.slots, sh.due
	n := len(sh.index)
	sh.index = make(map[string]uint32, n)
	sh.slots = make([]slot, 0, n)
	sh.due = make(heap, 0, n)
	sh.free = nil
	for _, i := range due {
		at := uint32(len(sh.slots))
		sh.slots = append(sh.slots, slots[i])
		sh.index[sh.slots[at].key()] = at
		sh.push(at)
	}
}
