package memory

// none stands for no element.
const none = ^uint32(0)

// pageSize is the number of elements that a pool allocates at once.
const pageSize = 64

// pool has elements that are addressed by number, which saves pointers. It grows
// by pages, so that growing copies nothing and little memory is unused.
type pool[T any] struct {
	pages []*[pageSize]T
	free  []uint32
	used  uint32 // elements ever taken, including those in free
}

// take returns the number of an empty element.
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

// give clears an element and makes its number available again.
func (p *pool[T]) give(i uint32) {
	clear(p.pages[i/pageSize][i%pageSize : i%pageSize+1])
	p.free = append(p.free, i)
}

func (p *pool[T]) at(i uint32) *T { return &p.pages[i/pageSize][i%pageSize] }

// len returns how many elements are in use.
func (p *pool[T]) len() int { return int(p.used) - len(p.free) }
