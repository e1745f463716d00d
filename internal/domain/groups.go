package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"webapp/internal/ports"
)

// groupsFresh is how long the groups from the directory are used. A person who is
// removed from a group loses access after that time. Groups from an ID token are
// used until the next ID token.
const groupsFresh = 15 * time.Minute

// Groups are all directory groups of a user.
type Groups struct {
	// IDs are object IDs. Names are not used, because others can change them.
	IDs []string
	// AsOf is when the provider returned the groups.
	AsOf time.Time
}

// Groups returns all groups of the signed-in user. They come from the ID token, or
// from the provider's directory if they are too many for the token. Groups returns
// the whole list or an error; the caller must deny access after an error.
//
// Groups returns ErrNotSignedIn if nobody is signed in; ErrUnsupported if the
// provider returns no groups; *InteractionRequired if the person has to sign in
// again; ErrDirectoryRefused if a permission is missing; ErrDirectory if the
// directory fails; ErrProviderUnavailable if the access token for it cannot be
// refreshed; and ErrStoreUnavailable.
func (s *Service) Groups(ctx context.Context) (Groups, error) {
	if _, err := s.current(ctx); err != nil {
		return Groups{}, err
	}
	known, err := s.sessions.Groups(ctx)
	if err != nil {
		return Groups{}, notSignedIn(err, "read groups")
	}
	return s.allGroups(ctx, known)
}

// allGroups returns all groups of the user. known are the groups in the tokens of the
// session. The errors are those of Service.Groups.
func (s *Service) allGroups(ctx context.Context, known ports.Groups) (Groups, error) {
	switch {
	case known.AsOf.IsZero() && !known.Overage:
		return Groups{}, fmt.Errorf("%w: it returns no groups", ErrUnsupported)
	case !known.Overage, s.isFresh(known):
		return Groups{IDs: known.IDs, AsOf: known.AsOf}, nil
	}
	return s.lookUpGroups(ctx)
}

// isFresh reports whether groups from the directory can still be used.
func (s *Service) isFresh(known ports.Groups) bool {
	return !known.AsOf.IsZero() && s.now().Sub(known.AsOf) < groupsFresh
}

// tokenGroups returns the groups of an ID token. If the provider left some groups
// out, it returns no groups, so that no caller uses a part as the whole list.
func tokenGroups(inToken ports.Groups) ports.Groups {
	if inToken.Overage {
		return ports.Groups{Overage: true}
	}
	return inToken
}

// maxSessionGroups limits ports.Session.Groups. Every request reads that list, and a proxy
// sends it to its application in a header.
const maxSessionGroups = 50

// sessionGroups returns ports.Session.Groups for the groups of an ID token. It returns nil
// if the token does not list all groups, or more than maxSessionGroups.
func sessionGroups(inToken ports.Groups) []string {
	if inToken.Overage || inToken.AsOf.IsZero() || len(inToken.IDs) > maxSessionGroups {
		return nil
	}
	return append([]string{}, inToken.IDs...)
}

// lookUpGroups gets the groups from the directory and stores them with the time.
// It leaves Overage set, so that the groups come from the directory again when they are
// no longer fresh. Concurrent requests of a session share one look-up.
func (s *Service) lookUpGroups(ctx context.Context) (Groups, error) {
	directory, ok := s.provider.(ports.GroupLookup)
	if !ok {
		return Groups{}, fmt.Errorf("%w: it left groups out and has no directory", ErrUnsupported)
	}
	token, err := s.AccessToken(ctx, s.groupScopes...)
	if err != nil {
		return Groups{}, err
	}
	look, first := s.lookups.begin(token)
	if !first {
		return s.awaitLookup(ctx, look)
	}
	defer s.lookups.end(token, look)
	// Other requests wait for the result, so the look-up goes on if this browser
	// disconnects.
	look.groups, look.err = s.memberGroups(context.WithoutCancel(ctx), directory, token)
	return look.groups, look.err
}

func (s *Service) memberGroups(ctx context.Context, directory ports.GroupLookup, token string) (Groups, error) {
	// Another request may have looked them up before this one began.
	if known, err := s.sessions.Groups(ctx); err == nil && s.isFresh(known) {
		return Groups{IDs: known.IDs, AsOf: known.AsOf}, nil
	}
	ids, err := directory.MemberGroups(ctx, token)
	switch {
	case errors.Is(err, ports.ErrNoGroupLookup):
		return Groups{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
	case errors.Is(err, ErrInteractionRequired):
		return Groups{}, refreshError(err, s.groupScopes)
	case errors.Is(err, ErrProviderRefused):
		return Groups{}, fmt.Errorf("%w: %w", ErrDirectoryRefused, err)
	case err != nil:
		return Groups{}, fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	found := ports.Groups{IDs: ids, Overage: true, AsOf: s.now()}
	if err := s.sessions.UpdateTokens(ctx, func(t *ports.Tokens) { t.Groups = found }); err != nil {
		return Groups{}, notSignedIn(err, "keep groups")
	}
	return Groups{IDs: ids, AsOf: found.AsOf}, nil
}

// awaitLookup returns the result of another request's look-up. It returns
// ErrRefreshBusy if too many requests wait already.
func (s *Service) awaitLookup(ctx context.Context, look *groupLookup) (Groups, error) {
	if !s.refreshing.take() {
		return Groups{}, ErrRefreshBusy
	}
	defer s.refreshing.leave()
	select {
	case <-ctx.Done():
		return Groups{}, ctx.Err()
	case <-look.done:
		return look.groups, look.err
	}
}

// groupLookups has the running look-ups by access token. One page can cause many of them
// at once, because a proxy asks for each of its files.
type groupLookups struct {
	mu      sync.Mutex
	running map[string]*groupLookup
}

type groupLookup struct {
	done   chan struct{} // closed when groups and err are set
	groups Groups
	err    error
}

// begin returns the look-up with this token. If none is running, it adds one and first is
// true: the caller does the look-up and then calls end.
func (l *groupLookups) begin(token string) (look *groupLookup, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if look, running := l.running[token]; running {
		return look, false
	}
	look = &groupLookup{done: make(chan struct{}), err: ErrDirectory} // the error after a panic
	l.running[token] = look
	return look, true
}

func (l *groupLookups) end(token string, look *groupLookup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.running, token)
	close(look.done)
}

// Contains reports whether the user belongs to the group with this object ID, in
// lower or upper case.
func (g Groups) Contains(id string) bool {
	return id != "" && slices.ContainsFunc(g.IDs, func(one string) bool { return strings.EqualFold(one, id) })
}
