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

// slowStore is the longest time that an operation of the store should take. Every
// page of a signed-in user waits for one.
const slowStore = 50 * time.Millisecond

// checkStore opens the session store, runs the operations of a session on one
// record, and deletes the record.
func (x *examination) checkStore(ctx context.Context) Check {
	if x.cfg.OpenStore == nil || x.misconfigured("SESSION_STORE", "SESSION_STORE_FILE") {
		return skipMisconfigured()
	}
	store, err := x.cfg.OpenStore(ctx)
	if err != nil {
		return fail("The session store cannot be opened.", sentence(err), "Correct "+x.storeAddress()+", or the file or server that it names.")
	}
	defer func() { _ = store.Close() }()
	trial := storeTrial{store: store, now: x.cfg.Now}
	err = trial.run(ctx)
	switch {
	case errors.Is(err, ports.ErrStoreUnavailable) || isTimeout(err):
		return fail("The session store does not respond (operation: "+trial.operation+").", sentence(err),
			"Check that the server is running, that a firewall lets this machine through, and host, user, password and database in "+x.storeAddress()+".")
	case err != nil:
		return fail("The session store does not work correctly (operation: "+trial.operation+").", sentence(err),
			"Check that "+x.storeAddress()+" names a server of a supported kind and version, and its master rather than a replica. Sessions are not safe in this store.")
	case x.cfg.StoreScheme == "memory":
		return warn("Sessions are kept in the memory of the process.",
			"They end when the process ends, and a second instance does not know them.",
			"For one machine set "+x.storeAddress()+" to sqlite:PATH; for several instances to redis://… or postgres://….")
	case trial.slowest > slowStore:
		return warn(fmt.Sprintf("The session store works but is slow: an operation took %d ms.", trial.slowest.Milliseconds()),
			"Every page of a signed-in user waits for it.",
			"Run the store near the application (same network, same region), and check whether it is overloaded.")
	}
	return ok(fmt.Sprintf("A record was written, found, replaced and deleted. No operation took longer than %d ms.", slowStore.Milliseconds()))
}

// storeAddress names the place of the store's address, for remedies.
func (x *examination) storeAddress() string {
	if x.cfg.StoreVariable == "SESSION_STORE_FILE" {
		return "the address in SESSION_STORE_FILE"
	}
	return "SESSION_STORE"
}

// storeTrial runs the store operations of a session on one record with a random
// key.
type storeTrial struct {
	store     Store
	now       func() time.Time
	operation string // the operation in progress, for the check's text
	slowest   time.Duration
}

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
	if err := s.replace(ctx, r, first); err != nil {
		return err
	}
	if err := s.read(ctx, r); err != nil {
		return err
	}
	return s.remove(ctx, r)
}

// read finds the record by its key and by its index.
func (s *storeTrial) read(ctx context.Context, r ports.Record) error {
	found, err := timed(s, "read a record", func() (ports.Record, error) { return s.store.Find(ctx, r.Key) })
	switch {
	case errors.Is(err, ports.ErrNoRecord):
		return errors.New("it lost a record that was just written")
	case err != nil:
		return err
	case !bytes.Equal(found.Value, r.Value):
		return errors.New("it returned an old value of a record")
	}
	keys, err := timed(s, "find a record by its index", func() ([]string, error) { return s.store.Keys(ctx, r.Indexes[0]) })
	if err == nil && (len(keys) != 1 || keys[0] != r.Key) {
		return errors.New("it does not find a record by its index")
	}
	return err
}

// replace replaces the record twice with the same version. The store must refuse
// the second time.
func (s *storeTrial) replace(ctx context.Context, r ports.Record, v ports.Version) error {
	write := func() (ports.Version, error) { return s.store.Replace(ctx, r, v) }
	if _, err := timed(s, "replace a record", write); err != nil {
		return err
	}
	_, err := timed(s, "refuse the second of two changes", write)
	switch {
	case errors.Is(err, ports.ErrRecordChanged):
		return nil
	case err == nil:
		return errors.New("it lets one change overwrite another")
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
	_, err = timed(s, "read a deleted record", func() (ports.Record, error) { return s.store.Find(ctx, r.Key) })
	switch {
	case errors.Is(err, ports.ErrNoRecord):
		return nil
	case err == nil:
		return errors.New("it still has a record that was deleted")
	}
	return err
}

// timed runs an operation and records its name and its duration.
func timed[T any](s *storeTrial, operation string, run func() (T, error)) (T, error) {
	s.operation = operation
	began := s.now()
	result, err := run()
	s.slowest = max(s.slowest, s.now().Sub(began))
	return result, err
}
