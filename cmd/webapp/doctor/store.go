package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"webapp/internal/ports"
)

// slowStore is how long an operation of the store may take: every page of a
// signed-in person waits for one.
const slowStore = 50 * time.Millisecond

// checkStore opens the session store and leaves in it what was there before.
func (x *examination) checkStore(ctx context.Context) Check {
	if x.cfg.OpenStore == nil || x.broken("SESSION_STORE") {
		return skipBroken()
	}
	store, err := x.cfg.OpenStore(ctx)
	if err != nil {
		return fail("The session store cannot be opened.", sentence(err), "Mend SESSION_STORE, or what the text above names.")
	}
	defer func() { _ = store.Close() }()
	trial := storeTrial{store: store, now: x.cfg.Now}
	if err := trial.run(ctx); err != nil {
		return storeFailure(trial.doing, err)
	}
	return x.storeVerdict(trial.slowest)
}

func storeFailure(doing string, err error) Check {
	if errors.Is(err, ports.ErrStoreUnavailable) || isTimeout(err) {
		return fail("The session store does not answer (it was asked to "+doing+").", sentence(err),
			"Is the server up, does SESSION_STORE name the right host, user, password and database, and does a firewall let this machine through?")
	}
	return fail("The session store does not work as it must (it was asked to "+doing+").", sentence(err),
		"Is SESSION_STORE a real server of its kind and version, and the master rather than a replica? Without this, sessions cannot be trusted.")
}

func (x *examination) storeVerdict(slowest time.Duration) Check {
	switch {
	case x.cfg.StoreScheme == "memory":
		return warn("Sessions are kept in the memory of the process.",
			"They end when it does, and a second instance knows nothing of them.",
			"For one machine set SESSION_STORE to sqlite:PATH; for several instances to redis://… or postgres://….")
	case slowest > slowStore:
		return warn(fmt.Sprintf("The session store works, but is slow: an operation took %d ms.", slowest.Milliseconds()),
			"Each page of a signed-in person waits for it.",
			"Put the store near the application (same network, same region), and look whether it is overloaded.")
	}
	return ok(fmt.Sprintf("Written, found, compared, replaced and deleted a record, each within %d ms.", slowStore.Milliseconds()))
}

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
