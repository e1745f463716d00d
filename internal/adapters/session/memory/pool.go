package memory

// none is the number of no element.
const none = ^uint32(0)

// pageSize is how many elements a pool allocates at once.
const pageSize = 64

// pool holds elements that are known by their numbers. It grows by pages, so
// that growing neither copies what is there nor leaves much room unused, and a
// shard spends no pointer on an element.
type pool[T any] struct {
	pages []*[pageSize]T
	free  []uint32
	used  uint32 // numbers given out so far, those in free included
}

// take returns the number of an element to fill.
func (p *pool[T]) take() uint32 {
	if n := len(p.free); n > 0 {
		i := p.free[n-1]
		p.free = p.free[:n-1]
		return i
	}
	if p.used%pageSize == 0 {
		p.pages = append(p.pages, new([pageSize]T))
	}
	p.used++
	return p.used - 1
}

// give takes an element back and clears it.
func (p *pool[T]) give(i uint32) {
	clear(p.pages[i/pageSize][i%pageSize : i%pageSize+1])
	p.free = append(p.free, i)
}

func (p *pool[T]) at(i uint32) *T { return &p.pages[i/pageSize][i%pageSize] }

// len returns how many elements are in use.
func (p *pool[T]) len() int { return int(p.used) - len(p.free) }
