package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Demands are what a user needs to open another application. Each list names
// alternatives, of which the user needs one. A nil list demands nothing.
type Demands struct {
	// Roles are app roles. They are compared exactly.
	Roles []string
	// Groups are object IDs of directory groups, in lower or upper case.
	Groups []string
}

// Authorized is a user who meets the Demands.
type Authorized struct {
	Session
	// Groups are object IDs of the user's groups: the demanded ones that contain
	// the user, each once, or those of the ID token if no group is demanded.
	Groups []string
	// GroupsComplete is true if Groups are all groups of the user.
	GroupsComplete bool
}

// Authorize returns the user of this browser if the user meets d. It is the use case
// of a proxy that asks for each request to another application. It records that the
// session was used, as CurrentUser does, but does not end a session that is no longer
// valid: the browser that sent the request does not see the response.
//
// Authorize returns ErrNotSignedIn; ErrRoleMissing or ErrGroupMissing if the user
// does not meet d, or if a list of d is empty or has an empty name; and otherwise the
// errors of Groups, which mean that the groups are not known at the moment. The
// caller must deny access after every error.
func (s *Service) Authorize(ctx context.Context, d Demands) (Authorized, error) {
	session, _, err := s.valid(ctx)
	if err == nil {
		session, err = s.touch(ctx, session)
	}
	if err != nil {
		return Authorized{}, err
	}
	who := Authorized{Session: s.newSession(session)}
	if d.Roles != nil && (slices.Contains(d.Roles, "") || !slices.ContainsFunc(d.Roles, who.User.HasRole)) {
		return Authorized{}, ErrRoleMissing
	}
	if slices.Contains(d.Groups, "") {
		return Authorized{}, ErrGroupMissing
	}
	if d.Groups == nil {
		who.Groups, who.GroupsComplete = session.Groups, session.Groups != nil
		return who, nil
	}
	all := Groups{IDs: session.Groups}
	if session.Groups == nil {
		if all, err = s.manyGroups(ctx); err != nil {
			return Authorized{}, err
		}
	}
	for _, id := range d.Groups {
		if id = strings.ToLower(id); all.Contains(id) && !slices.Contains(who.Groups, id) {
			who.Groups = append(who.Groups, id)
		}
	}
	if len(who.Groups) == 0 {
		return Authorized{}, ErrGroupMissing
	}
	return who, nil
}

// manyGroups returns the groups of a user whose session does not have them itself. It
// returns ErrGroupMissing if the provider returns no groups.
func (s *Service) manyGroups(ctx context.Context) (Groups, error) {
	known, err := s.sessions.Groups(ctx)
	if err != nil {
		return Groups{}, notSignedIn(err, "read groups")
	}
	all, err := s.allGroups(ctx, known)
	if errors.Is(err, ErrUnsupported) && !known.Overage {
		return Groups{}, fmt.Errorf("%w: the ID token has no groups", ErrGroupMissing)
	}
	return all, err
}
