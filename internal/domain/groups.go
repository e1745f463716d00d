package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"webapp/internal/ports"
)

// groupsFresh is how long a look-up of groups may be relied on. Somebody taken
// out of a group loses what hangs on it no later than this, or at the next
// sign-in where the groups came with the ID token.
const groupsFresh = 15 * time.Minute

// Groups are the directory groups of a user, all of them.
type Groups struct {
	// IDs are object IDs; names can be changed by others.
	IDs []string
	// AsOf is when the provider said so.
	AsOf time.Time
}

// Groups returns all groups of the signed-in user: those of the ID token, or,
// where they were too many for it, those that the provider's directory names.
// It never returns a part: where the groups cannot be had the answer is an
// error, and whatever depends on a group stays closed.
//
// Errors: ErrNotSignedIn, ErrStoreUnavailable, ErrDirectory,
// ErrDirectoryRefused, ErrProviderUnavailable where the directory could not be
// asked because no token was to be had, ErrUnsupported where the provider says nothing of groups, or
// *InteractionRequired where the directory wants the person to sign in again.
func (s *Service) Groups(ctx context.Context) (Groups, error) {
	if _, err := s.current(ctx); err != nil {
		return Groups{}, err
	}
	grant, err := s.sessions.Tokens(ctx)
	if err != nil {
		return Groups{}, notSignedIn(err, "read grant")
	}
	known := grant.Groups
	switch {
	case known.AsOf.IsZero() && !known.Overage:
		return Groups{}, fmt.Errorf("%w: it says nothing of groups", ErrUnsupported)
	case !known.Overage, !known.AsOf.IsZero() && s.now().Sub(known.AsOf) < groupsFresh:
		return Groups{IDs: known.IDs, AsOf: known.AsOf}, nil
	}
	return s.lookUpGroups(ctx)
}

// tokenGroups returns what an ID token's groups are worth: where the provider
// left some out, the others are not the whole list, and nothing was looked up
// yet.
func tokenGroups(said ports.Groups) ports.Groups {
	if said.Overage {
		return ports.Groups{Overage: true}
	}
	return said
}

// lookUpGroups asks the directory and keeps the answer with its age. Overage
// stays set, which marks the list as one that has to be asked for again.
func (s *Service) lookUpGroups(ctx context.Context) (Groups, error) {
	directory, ok := s.provider.(ports.GroupLookup)
	if !ok {
		return Groups{}, fmt.Errorf("%w: it left groups out and has no directory", ErrUnsupported)
	}
	token, err := s.AccessToken(ctx, s.groupScopes...)
	if err != nil {
		return Groups{}, err
	}
	ids, err := directory.MemberGroups(ctx, token)
	switch {
	case errors.Is(err, ports.ErrNoGroupLookup):
		return Groups{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
	case errors.Is(err, ports.ErrInteractionRequired):
		return Groups{}, refreshError(err, s.groupScopes)
	case errors.Is(err, ports.ErrProviderRefused):
		return Groups{}, fmt.Errorf("%w: %w", ErrDirectoryRefused, err)
	case err != nil:
		return Groups{}, fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	found := ports.Groups{IDs: ids, Overage: true, AsOf: s.now()}
	if err := s.sessions.UpdateTokens(ctx, func(g *ports.Tokens) { g.Groups = found }); err != nil {
		return Groups{}, notSignedIn(err, "keep groups")
	}
	return Groups{IDs: ids, AsOf: found.AsOf}, nil
}

// Contains reports whether the user belongs to the group with this object ID.
// IDs compare without regard to case.
func (g Groups) Contains(id string) bool {
	return id != "" && slices.ContainsFunc(g.IDs, func(one string) bool { return strings.EqualFold(one, id) })
}
