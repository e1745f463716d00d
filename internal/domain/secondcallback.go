package domain

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"webapp/internal/ports"
)

// A browser sends the same callback twice when a person clicks twice or reloads
// while the code is being redeemed. It then shows the response to the second
// request alone, so that one must bring the session, or the error page.

const (
	// secondPatience is how long a second callback waits for a first one on this
	// instance, elsewherePatience for one on another instance.
	secondPatience    = 20 * time.Second
	elsewherePatience = 5 * time.Second
	// secondPause lies between two looks at the store, while another instance
	// redeems the code.
	secondPause = 100 * time.Millisecond
	// maxSecond bounds the second callbacks that wait on this instance.
	maxSecond = 64
)

// completion is a sign-in whose code this instance redeems.
type completion struct {
	code string        // of the first callback
	done chan struct{} // closed when the fields below are set
	to   string
	err  error
	// give hands the new session over to another request of the same browser;
	// nil if there is none.
	give func(context.Context) error
}

// completions are those of this instance.
type completions struct {
	mu      sync.Mutex
	byState map[string]*completion
}

func (c *completions) begin(state, code string) *completion {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := &completion{code: code, done: make(chan struct{})}
	c.byState[state] = one
	return one
}

// end lets the callbacks go on that wait for this completion.
func (c *completions) end(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.byState[state].done)
	delete(c.byState, state)
}

func (c *completions) find(state string) *completion {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byState[state]
}

// conclude tells second callbacks, here and on other instances, how a sign-in
// ended. ctx is that of its browser.
func (s *Service) conclude(ctx context.Context, pending ports.PendingSignIn, one *completion, to string, err error) {
	text, marshalErr := json.Marshal(newOutcome(err))
	if marshalErr == nil && !errors.Is(err, ports.ErrStoreUnavailable) {
		_ = s.sessions.RecordOutcome(ctx, pending, text) // if this fails, a second callback elsewhere waits in vain
	}
	one.to, one.err = to, err
	if sessions, ok := s.sessions.(ports.SessionHandOver); ok && err == nil {
		one.give, _ = sessions.HandOver(ctx) // without it the browser has the first response's cookie, or signs in again
	}
	s.completing.end(pending.State)
}

// secondCallback responds to a callback whose sign-in another request of the
// same browser has taken. While that request is under way it waits for it, and
// returns the same with the same session. The code is not posted again. A
// callback with another code is not the same callback: somebody who copied the
// cookie, but does not know the code, gets no session.
func (s *Service) secondCallback(ctx context.Context, cb Callback, pending ports.PendingSignIn) (string, error) {
	tooLong := &SignInFailure{ReturnTo: pending.ReturnTo, Cause: fmt.Errorf("%w: the same sign-in is still being completed", ErrProviderUnavailable)}
	if !s.seconds.take() {
		return "", tooLong
	}
	defer s.seconds.leave()
	limited, cancel := context.WithTimeout(ctx, elsewherePatience)
	defer cancel()
	for waited := false; limited.Err() == nil; waited = true {
		if first := s.completing.find(pending.State); first != nil {
			if subtle.ConstantTimeCompare([]byte(first.code), []byte(cb.Code)) != 1 {
				return s.lateCallback(ctx, unknownSignIn(ports.ErrPendingSpent))
			}
			return first.join(ctx, tooLong)
		}
		text, err := s.sessions.Outcome(limited, pending.State)
		switch {
		case err == nil && waited:
			return s.returns.check(pending.ReturnTo), outcomeError(text, pending.ReturnTo)
		case err == nil: // it had ended before
			return s.lateCallback(ctx, unknownSignIn(ports.ErrPendingSpent))
		case !errors.Is(err, ports.ErrNoOutcome):
			return "", &SignInFailure{ReturnTo: pending.ReturnTo, Cause: err}
		}
		_ = s.wait(limited, secondPause)
	}
	return s.lateCallback(ctx, unknownSignIn(ports.ErrPendingSpent))
}

// join waits for the completion and gives its session to the request of ctx.
func (one *completion) join(ctx context.Context, tooLong error) (string, error) {
	limited, cancel := context.WithTimeout(ctx, secondPatience)
	defer cancel()
	select {
	case <-one.done:
	case <-limited.Done():
		return "", tooLong
	}
	if one.give != nil {
		if err := one.give(ctx); err != nil {
			return "", err
		}
	}
	return one.to, one.err
}

// outcome is how a sign-in ended, as another instance reads it.
type outcome struct {
	// Reason is empty if the sign-in was completed.
	Reason   string               `json:"reason,omitempty"`
	Provider *ports.ProviderError `json:"provider,omitempty"`
}

func newOutcome(err error) (o outcome) {
	if err == nil {
		return o
	}
	o.Reason = reason(err)
	if reported, ok := errors.AsType[*ports.ProviderError](err); ok {
		o.Provider = reported
	}
	return o
}

// outcomeError returns the error of a recorded outcome, nil if the sign-in was
// completed.
func outcomeError(text []byte, returnTo string) error {
	var o outcome
	if err := json.Unmarshal(text, &o); err != nil {
		return fmt.Errorf("read the outcome of a sign-in: %w", err)
	}
	if o.Reason == "" {
		return nil
	}
	cause := errors.New(o.Reason)
	for _, kind := range known() {
		if kind.Error() == o.Reason {
			cause = kind
		}
	}
	if o.Provider != nil {
		o.Provider.Kind = cause
		cause = o.Provider
	}
	return &SignInFailure{ReturnTo: returnTo, Cause: cause}
}
