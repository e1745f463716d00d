package memory

// heap is a binary heap of slot numbers, ordered by expiry. container/heap is not
// used, because it would allocate an interface for each number.
type heap []uint32

func (sh *shard) push(i uint32) {
	sh.due = append(sh.due, i)
	sh.up(len(sh.due)-1, i)
}

// drop removes slot i.
func (sh *shard) drop(i uint32) {
	pos := int(sh.slots.at(i).duePos)
	last := len(sh.due) - 1
	moved := sh.due[last]
	sh.due = sh.due[:last]
	if pos == last {
		return
	}
	sh.place(pos, moved)
	sh.fix(uint32(pos))
}

// fix restores the order after the expiry of the slot at pos has changed.
func (sh *shard) fix(pos uint32) {
	i := sh.due[pos]
	sh.down(int(pos), i)
	sh.up(int(sh.slots.at(i).duePos), i)
}

func (sh *shard) place(pos int, i uint32) {
	sh.due[pos] = i
	sh.slots.at(i).duePos = uint32(pos)
}

// up moves slot i from pos towards the front until the order is right.
func (sh *shard) up(pos int, i uint32) {
	for pos > 0 {
		parent := (pos - 1) / 2
		if sh.expiresAt(parent) <= sh.slots.at(i).expires {
			break
		}
		sh.place(pos, sh.due[parent])
		pos = parent
	}
	sh.place(pos, i)
}

// down moves slot i from pos towards the end until the order is right.
func (sh *shard) down(pos int, i uint32) {
	for {
		child := 2*pos + 1
		if child >= len(sh.due) {
			break
		}
		if right := child + 1; right < len(sh.due) && sh.expiresAt(right) < sh.expiresAt(child) {
			child = right
		}
		if sh.slots.at(i).expires <= sh.expiresAt(child) {
			break
		}
		sh.place(pos, sh.due[child])
		pos = child
	}
	sh.place(pos, i)
}

// indexedUntil returns how many records at pos and below it in the heap have an
// index and expire by then. It visits only those that expire by then, and their
// children.
func (sh *shard) indexedUntil(then int64, pos int) int {
	if pos >= len(sh.due) || sh.expiresAt(pos) > then {
		return 0
	}
	n := sh.indexedUntil(then, 2*pos+1) + sh.indexedUntil(then, 2*pos+2)
	if sh.slots.at(sh.due[pos]).entry != none {
		n++
	}
	return n
}

func (sh *shard) expiresAt(pos int) int64 { return sh.slots.at(sh.due[pos]).expires }
