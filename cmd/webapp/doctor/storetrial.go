package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"webapp/internal/ports"
)

// storeTrial does what sessions do to a store, with one record that nobody else
// can know of.
type storeTrial struct {
	store   Store
	now     func() time.Time
	doing   string // what is under way, for a person
	slowest time.Duration
}

// errStoreRule: the store has answered, but not as ports.SessionStore says.
func errStoreRule(text string) error { return errors.New("it " + text) }

func (s *storeTrial) run(ctx context.Context) error {
	id := "doctor-" + rand.Text()
	r := ports.Record{Key: id, Value: []byte("before"), Expires: s.now().Add(time.Minute), Indexes: []string{"index-" + id}}
	first, err := timed(s, "write a record", func() (ports.Version, error) { return s.store.Create(ctx, r) })
	if err != nil {
		return err
	}
	defer func() { _ = s.store.Delete(context.WithoutCancel(ctx), id, ports.AnyVersion) }()
	if err := s.read(ctx, r); err != nil {
		return err
	}
	r.Value = []byte("after")
	if err := s.swap(ctx, r, first); err != nil {
		return err
	}
	if err := s.read(ctx, r); err != nil {
		return err
	}
	return s.remove(ctx, r)
}

// read wants the record by its key and by its index.
func (s *storeTrial) read(ctx context.Context, r ports.Record) error {
	found, err := timed(s, "read a record", func() (ports.Record, error) { return s.store.Find(ctx, r.Key) })
	switch {
	case errors.Is(err, ports.ErrNoRecord):
		return errStoreRule("has lost a record that was just written")
	case err != nil:
		return err
	case !bytes.Equal(found.Value, r.Value):
		return errStoreRule("answers another value than the one last written")
	}
	keys, err := timed(s, "find a record by its index", func() ([]string, error) { return s.store.Keys(ctx, r.Indexes[0]) })
	if err == nil && (len(keys) != 1 || keys[0] != r.Key) {
		return errStoreRule("does not find a record by its index")
	}
	return err
}

// swap replaces the record, once: a second writer who has read the same version
// must be refused.
func (s *storeTrial) swap(ctx context.Context, r ports.Record, v ports.Version) error {
	replace := func() (ports.Version, error) { return s.store.Replace(ctx, r, v) }
	if _, err := timed(s, "replace a record", replace); err != nil {
		return err
	}
	_, err := timed(s, "refuse the second of two changes", replace)
	switch {
	case errors.Is(err, ports.ErrRecordChanged):
		return nil
	case err == nil:
		return errStoreRule("lets a change overwrite another")
	}
	return err
}

func (s *storeTrial) remove(ctx context.Context, r ports.Record) error {
	_, err := timed(s, "delete a record", func() (struct{}, error) {
		return struct{}{}, s.store.Delete(ctx, r.Key, ports.AnyVersion)
	})
	if err != nil {
		return err
	}
	_, err = timed(s, "forget a record", func() (ports.Record, error) { return s.store.Find(ctx, r.Key) })
	switch {
	case errors.Is(err, ports.ErrNoRecord):
		return nil
	case err == nil:
		return errStoreRule("still has a record that was deleted")
	}
	return err
}

// timed notes what is done, and how long it takes.
func timed[T any](s *storeTrial, doing string, do func() (T, error)) (T, error) {
	s.doing = doing
	began := s.now()
	result, err := do()
	s.slowest = max(s.slowest, s.now().Sub(began))
	return result, err
}
