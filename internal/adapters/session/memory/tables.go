package memory

import "hash/maphash"

// The number of buckets of a table is a power of two. The chains of the key table
// are shorter than the chains of the index table, because comparing keys is slower:
// they are texts.
const (
	smallestTable    = 16
	keysPerBucket    = 1
	entriesPerBucket = 2
)

func newTable(buckets int) []uint32 {
	table := make([]uint32, buckets)
	for i := range table {
		table[i] = none
	}
	return table
}

func (sh *shard) keyBucket(hash uint64) *uint32 {
	return &sh.byKey[hash&uint64(len(sh.byKey)-1)]
}

// bucketOf returns the bucket of a slot.
func (sh *shard) bucketOf(sl *slot) *uint32 {
	return sh.keyBucket(maphash.String(sh.seed, sl.kept()))
}

func (sh *shard) linkKey(i uint32) {
	sl := sh.slots.at(i)
	bucket := sh.bucketOf(sl)
	sl.next = *bucket
	*bucket = i
}

func (sh *shard) unlinkKey(i uint32) {
	sl := sh.slots.at(i)
	link := sh.bucketOf(sl)
	for *link != i {
		link = &sh.slots.at(*link).next
	}
	*link = sl.next
}

// growKeys makes room for one more key.
func (sh *shard) growKeys() {
	if sh.slots.len() <= keysPerBucket*len(sh.byKey) {
		return
	}
	old := sh.byKey
	sh.byKey = newTable(max(smallestTable, 2*len(old)))
	for _, i := range old {
		for i != none {
			following := sh.slots.at(i).next
			sh.linkKey(i)
			i = following
		}
	}
}

func (sh *shard) entryBucket(index uint64) *uint32 {
	return &sh.byIndex[index&uint64(len(sh.byIndex)-1)]
}

// addEntry puts slot i under an index.
func (sh *shard) addEntry(i uint32, index uint64) {
	e := sh.entries.take()
	sl := sh.slots.at(i)
	*sh.entries.at(e) = entry{index: index, slot: i, sibling: sl.entry}
	sl.entry = e
	sh.growEntries()
	sh.linkEntry(e)
}

func (sh *shard) linkEntry(e uint32) {
	en := sh.entries.at(e)
	bucket := sh.entryBucket(en.index)
	en.next, en.prev = *bucket, none
	if en.next != none {
		sh.entries.at(en.next).prev = e
	}
	*bucket = e
}

// unlinkEntry removes an entry from its chain. The chain has links in both
// directions, so the time does not depend on its length.
func (sh *shard) unlinkEntry(e uint32) {
	en := sh.entries.at(e)
	if en.prev == none {
		*sh.entryBucket(en.index) = en.next
	} else {
		sh.entries.at(en.prev).next = en.next
	}
	if en.next != none {
		sh.entries.at(en.next).prev = en.prev
	}
}

// growEntries makes room for one more entry.
func (sh *shard) growEntries() {
	if sh.entries.len() <= entriesPerBucket*len(sh.byIndex) {
		return
	}
	old := sh.byIndex
	sh.byIndex = newTable(max(smallestTable, 2*len(old)))
	for _, e := range old {
		for e != none {
			following := sh.entries.at(e).next
			sh.linkEntry(e)
			e = following
		}
	}
}

// keys appends the keys of live records with this hash of an index until list has limit
// elements.
func (sh *shard) keys(list []string, index uint64, now int64, limit int) []string {
	if len(sh.byIndex) == 0 {
		return list
	}
	for e := *sh.entryBucket(index); e != none && len(list) < limit; {
		en := sh.entries.at(e)
		if en.index == index {
			if sl := sh.slots.at(en.slot); sl.expires > now {
				list = append(list, sl.key())
			}
		}
		e = en.next
	}
	return list
}
