package portstest

import (
	"context"
	"time"

	"webapp/internal/ports"
)

// Browser stands for one browser of a browser-shaped port.
type Browser interface {
	// Do makes one request of this browser: it calls exchange, on the calling
	// goroutine, with a context that carries the browser, and afterwards the
	// browser keeps what the adapter gave it. Exchanges may be nested and may
	// run at the same time: each begins with what the browser held when it
	// was made.
	Do(ctx context.Context, exchange func(ctx context.Context))
	// Clone returns another browser that holds a copy of what this one holds
	// now: a backup, or a thief.
	Clone() Browser
}

// SessionHarness is what the suites of the browser-shaped ports need of an
// adapter. A suite asks for a new one, with nothing kept in it, in each test.
type SessionHarness struct {
	// Sessions is the adapter.
	Sessions ports.SessionManager
	// NewBrowser returns a browser that holds nothing yet.
	NewBrowser func() Browser
	// Now and Advance are the clock that the adapter and its store tell the
	// time by.
	Now     func() time.Time
	Advance func(time.Duration)
	// Down makes the adapter's store unreachable and reachable again; nil
	// where the store cannot fail.
	Down func(bool)
}
