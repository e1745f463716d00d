package memory

import (
	"hash/maphash"
	"sync"

	"webapp/internal/ports"
)

// shard has a part of the records. byKey and byIndex are hash tables: each bucket
// is the first of a chain of slots or entries. due orders the slots by expiry. One
// lock guards everything, so a record and its indexes change together.
//
// A record with two indexes takes about 120 bytes besides its key and value, and
// one pointer for the garbage collector to follow.
type shard struct {
	mu      sync.Mutex
	seed    maphash.Seed // of byKey
	indexes maphash.Seed // of byIndex, the same in all shards: Keys asks all of them
	slots   pool[slot]
	entries pool[entry]
	byKey   []uint32
	byIndex []uint32
	due     heap
	version int64 // of the latest write
	indexed int   // how many records have an index
}

// find returns the slot with this key, expired or not.
func (sh *shard) find(key string) (uint32, bool) {
	if len(sh.byKey) == 0 {
		return none, false
	}
	k := pack(key)
	for i := *sh.keyBucket(k.hash(sh.seed)); i != none; i = sh.slots.at(i).next {
		if sh.slots.at(i).has(&k) {
			return i, true
		}
	}
	return none, false
}

// live returns the slot with this key if it has not expired.
func (sh *shard) live(key string, now int64) (*slot, bool) {
	i, ok := sh.find(key)
	if !ok || sh.slots.at(i).expires <= now {
		return nil, false
	}
	return sh.slots.at(i), true
}

// add puts a record into a free slot. No other record may have its key.
func (sh *shard) add(r ports.Record) ports.Version {
	k := pack(r.Key)
	i := sh.slots.take()
	sl := sh.slots.at(i)
	*sl = slot{record: k.record(r.Value), expires: r.Expires.UnixNano(), entry: none, keySize: k.size}
	sh.version++
	sl.version = sh.version
	sh.growKeys()
	sh.linkKey(i)
	for _, index := range r.Indexes {
		sh.addEntry(i, maphash.String(sh.indexes, index))
	}
	if len(r.Indexes) > 0 {
		sh.indexed++
	}
	sh.push(i)
	return ports.Version(sl.version)
}

// replace changes the record in a slot.
func (sh *shard) replace(sl *slot, r ports.Record) ports.Version {
	sl.record = sl.kept() + string(r.Value)
	sl.expires = r.Expires.UnixNano()
	sh.version++
	sl.version = sh.version
	sh.fix(sl.duePos)
	return ports.Version(sl.version)
}

// remove frees a slot and its entries.
func (sh *shard) remove(i uint32) {
	sh.unlinkKey(i)
	if sh.slots.at(i).entry != none {
		sh.indexed--
	}
	for e := sh.slots.at(i).entry; e != none; {
		following := sh.entries.at(e).sibling
		sh.unlinkEntry(e)
		sh.entries.give(e)
		e = following
	}
	sh.drop(i)
	sh.slots.give(i)
}

// expire removes at most limit expired records and reports whether there may be
// more.
func (sh *shard) expire(now int64, limit int) bool {
	removed := 0
	for ; removed < limit && len(sh.due) > 0; removed++ {
		first := sh.due[0]
		if sh.slots.at(first).expires > now {
			break
		}
		sh.remove(first)
	}
	if removed > 0 {
		sh.shrink()
	}
	return removed == limit
}

// shrinkAbove is the number of slots that a shard always keeps.
const shrinkAbove = pageSize

// shrink moves the records into smaller tables if three quarters of the slots are
// free. Otherwise the shard would keep the memory for ever.
func (sh *shard) shrink() {
	if int(sh.slots.used) <= shrinkAbove || sh.slots.len() > int(sh.slots.used)/4 {
		return
	}
	slots, entries, due := sh.slots, sh.entries, sh.due
	sh.slots, sh.entries, sh.due = pool[slot]{}, pool[entry]{}, make(heap, 0, len(due))
	sh.byKey, sh.byIndex = nil, nil
	for _, old := range due {
		i := sh.slots.take()
		sl := sh.slots.at(i)
		*sl = *slots.at(old)
		first := sl.entry
		sl.entry = none
		sh.growKeys()
		sh.linkKey(i)
		for e := first; e != none; e = entries.at(e).sibling {
			sh.addEntry(i, entries.at(e).index)
		}
		sh.push(i)
	}
}
