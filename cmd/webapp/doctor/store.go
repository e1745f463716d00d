package doctor

import (
	"context"
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
