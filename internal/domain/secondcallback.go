package domain

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"webapp/internal/ports"
)

// A browser sends the same callback twice if a person double-clicks, or reloads the
// page while the code is being redeemed. It shows only the response to the second
// request, so that response must have the session or the error page.

const (
	// sameInstanceWait is how long a second callback waits for the first one on this
	// instance, and otherInstanceWait is how long it waits for one on another
	// instance.
	sameInstanceWait  = 20 * time.Second
	otherInstanceWait = 5 * time.Second
	// outcomePollInterval is the pause between two reads of the store while another
	// instance redeems the code.
	outcomePollInterval = 100 * time.Millisecond
	// maxSecondCallbacks is how many second callbacks can wait at once on this instance.
	maxSecondCallbacks = 64
)

// completion is a sign-in that this instance is completing.
type completion struct {
	pending ports.PendingSignIn
	code    string
	// identity is set when the provider has verified it.
	identity ports.Identity
	to       string
	err      error
	// give hands the new session to another request of the same browser. It is nil
	// if there is no session.
	give func(context.Context) error
	// done is closed when to, err and give are set.
	done chan struct{}
}

// errNotCompleted is the error of a second callback if the first one panics.
var errNotCompleted = errors.New("sign-in not completed")

// completions are the sign-ins that this instance is completing, by state.
type completions struct {
	mu      sync.Mutex
	byState map[string]*completion
}

func (cs *completions) begin(pending ports.PendingSignIn, code string) *completion {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := &completion{pending: pending, code: code, err: errNotCompleted, done: make(chan struct{})}
	cs.byState[pending.State] = c
	return c
}

// end wakes the second callbacks that wait for c.
func (cs *completions) end(c *completion) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	close(c.done)
	delete(cs.byState, c.pending.State)
}

func (cs *completions) find(state string) *completion {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.byState[state]
}

// conclude gives the outcome of c to the second callbacks on this instance, and
// stores it for those on other instances. ctx is the context of the first callback.
func (s *Service) conclude(ctx context.Context, c *completion) {
	text, err := json.Marshal(newOutcome(c.err))
	if err == nil && !errors.Is(c.err, ErrStoreUnavailable) {
		// If this fails, a second callback on another instance waits until its time
		// limit.
		_ = s.sessions.RecordOutcome(ctx, c.pending, text)
	}
	if sessions, ok := s.sessions.(ports.SessionHandOver); ok && c.err == nil {
		// If this fails, the browser has the cookie of the first response, or the
		// person signs in again.
		c.give, _ = sessions.HandOver(ctx)
	}
	s.completing.end(c)
}

// secondCallback responds to a callback whose pending sign-in was taken by another
// request of the same browser. If that request is still running, secondCallback waits
// for it and returns the same session or error. The code is not posted again. If that
// request has ended, the browser has not received its response: secondCallback returns the
// same error, or a refusal whose link starts another sign-in for the same page.
//
// A callback with another code is refused: somebody who copied the cookie but does not
// know the code gets no session.
func (s *Service) secondCallback(ctx context.Context, cb Callback, pending ports.PendingSignIn) (string, error) {
	tooLong := &SignInFailure{ReturnTo: pending.ReturnTo, Cause: fmt.Errorf("%w: the same sign-in is still being completed", ErrProviderUnavailable)}
	refused := &SignInFailure{ReturnTo: pending.ReturnTo, Cause: unknownSignIn(ports.ErrPendingSpent)}
	if !s.secondCallbacks.take() {
		return "", tooLong
	}
	defer s.secondCallbacks.leave()
	limited, cancel := context.WithTimeout(ctx, otherInstanceWait)
	defer cancel()
	for waited := false; limited.Err() == nil; waited = true {
		if first := s.completing.find(pending.State); first != nil {
			if subtle.ConstantTimeCompare([]byte(first.code), []byte(cb.Code)) != 1 {
				return s.lateCallback(ctx, refused)
			}
			return first.join(ctx, tooLong)
		}
		text, err := s.sessions.Outcome(limited, pending.State)
		switch {
		case err == nil && waited:
			return s.returns.check(pending.ReturnTo), outcomeError(text, pending.ReturnTo)
		case err == nil: // the first callback had ended before this one
			return s.lateCallback(ctx, cmp.Or(outcomeError(text, pending.ReturnTo), error(refused)))
		case !errors.Is(err, ports.ErrNoOutcome):
			return "", &SignInFailure{ReturnTo: pending.ReturnTo, Cause: err}
		}
		_ = s.wait(limited, outcomePollInterval)
	}
	return s.lateCallback(ctx, refused)
}

// join waits for c and gives its session to the request of ctx.
func (c *completion) join(ctx context.Context, tooLong error) (string, error) {
	limited, cancel := context.WithTimeout(ctx, sameInstanceWait)
	defer cancel()
	select {
	case <-c.done:
	case <-limited.Done():
		return "", tooLong
	}
	if c.give != nil {
		if err := c.give(ctx); err != nil {
			return "", err
		}
	}
	return c.to, c.err
}

// outcome is the outcome of a sign-in as JSON in the store.
type outcome struct {
	// Reason is empty if the sign-in is complete.
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

// outcomeError returns the error in a recorded outcome, or nil if the sign-in is
// complete.
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
