package redis

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

// reads sends the GET commands of concurrent requests together, in pipelines. Most of the
// CPU time of a GET is a system call for writing and one for reading, here and at the
// server, and a pipeline needs them once.
//
// A read that comes alone is sent at once and alone. While maxPipelines are running,
// further reads wait for the next one.
//
// go-redis has an autopipeline, but it is experimental and ignores the caller's context
// while the server does not respond.
type reads struct {
	get func(ctx context.Context, keys []string) []reply

	mu      sync.Mutex
	running int
	waiting []*read
}

// maxPipelines is more than one, so that reads continue if one connection hangs.
const maxPipelines = 2

// reply is the value of a key, or an error for isNil if there is none.
type reply struct {
	value []byte
	err   error
}

type read struct {
	key   string
	reply reply
	done  chan struct{} // closed when reply is set
}

// find returns the value of a key. If ctx ends while the read waits for others, find
// returns the error of ctx.
func (r *reads) find(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.alone() {
		only := r.get(ctx, []string{key})[0]
		r.continueWithNext()
		return only.value, only.err
	}
	own := &read{key: key, done: make(chan struct{})}
	if r.add(own) {
		runtime.Gosched() // other requests that are ready join this pipeline
		r.run(r.next())
	}
	select {
	case <-own.done:
		return own.reply.value, own.reply.err
	case <-ctx.Done():
		r.remove(own)
		return nil, ctx.Err()
	}
}

// alone reports whether nothing is running. The caller then runs the next pipeline.
func (r *reads) alone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running > 0 {
		return false
	}
	r.running++
	return true
}

// add reports whether the caller must run the next pipeline.
func (r *reads) add(own *read) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, own)
	if r.running == maxPipelines {
		return false
	}
	r.running++
	return true
}

func (r *reads) remove(own *read) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = slices.DeleteFunc(r.waiting, func(other *read) bool { return other == own })
}

// next returns all waiting reads. If there are none, one pipeline less is running.
func (r *reads) next() []*read {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch := r.waiting
	r.waiting = nil
	if len(batch) == 0 {
		r.running--
	}
	return batch
}

// run runs one pipeline. The context is not that of a request, because the reads belong
// to several.
func (r *reads) run(batch []*read) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := bounded(context.Background())
	defer cancel()
	keys := make([]string, len(batch))
	for i, one := range batch {
		keys[i] = one.key
	}
	for i, reply := range r.get(ctx, keys) {
		batch[i].reply = reply
		close(batch[i].done)
	}
	r.continueWithNext()
}

// continueWithNext runs the reads that wait, in another goroutine.
func (r *reads) continueWithNext() {
	if batch := r.next(); len(batch) > 0 {
		go r.run(batch)
	}
}

// pipelined returns a function that gets the values of keys in one pipeline. For one key
// a plain command costs less.
func pipelined(client redis.UniversalClient) func(context.Context, []string) []reply {
	return func(ctx context.Context, keys []string) []reply {
		if len(keys) == 1 {
			value, err := client.Get(ctx, keys[0]).Bytes()
			return []reply{{value, err}}
		}
		commands := make([]*redis.StringCmd, len(keys))
		_, failed := client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, key := range keys {
				commands[i] = p.Get(ctx, key)
			}
			return nil
		})
		replies := make([]reply, len(keys))
		for i, command := range commands {
			value, err := command.Bytes()
			if err == nil && len(value) == 0 && !isNil(failed) {
				err = failed // the server refused the connection; then the commands have no error
			}
			replies[i] = reply{value, err}
		}
		return replies
	}
}
