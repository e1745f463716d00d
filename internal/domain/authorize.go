package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Demands lists the roles and groups that open another application. The user needs one of
// Roles and one of Groups. A nil list demands nothing. A list that is empty but not nil, or
// that contains an empty text, cannot be met.
type Demands struct {
	// Roles are app roles, compared exactly.
	Roles []string
	// Groups are object IDs of directory groups, in lower or upper case.
	Groups []string
}

// Authorized is a user who meets the Demands.
type Authorized struct {
	Session
	// Groups are object IDs of groups that contain the user. If groups were demanded,
	// it lists only those of them, each once. Otherwise it lists the groups of the
	// session, and none if they are not known or too many for the session.
	Groups []string
	// GroupsComplete is true if Groups lists all groups of the user.
	GroupsComplete bool
}

// Authorize returns the user of this browser if the user meets d. A reverse proxy asks
// it before each request to another application. Authorize records that the session was
// used, as CurrentUser does. It does not end a session that is no longer valid, because
// the browser does not see the response and would keep the cookie.
//
// Authorize returns ErrNotSignedIn if nobody is signed in, and ErrRoleMissing or
// ErrGroupMissing if the user does not meet d. All other errors are those of
// Service.Groups: the user's groups are not known at the moment. The caller must deny
// access after every error.
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
		if all, err = s.groupsOfTokens(ctx); err != nil {
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

// groupsOfTokens returns all groups of a user whose session has no list of groups: from
// the session's tokens, or from the provider's directory. It returns ErrGroupMissing if
// the provider has told nothing about groups.
func (s *Service) groupsOfTokens(ctx context.Context) (Groups, error) {
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
