package providerhttp

import "slices"

// fewNames is up to how many names are looked through one by one.
const fewNames = 8

// nameSet tells a name that comes again. Nearly all objects have few members.
type nameSet struct {
	few  []string
	many map[string]struct{}
}

// add returns false where the name is there already.
func (s *nameSet) add(name string) bool {
	if s.many != nil {
		_, twice := s.many[name]
		s.many[name] = struct{}{}
		return !twice
	}
	if slices.Contains(s.few, name) {
		return false
	}
	if s.few = append(s.few, name); len(s.few) > fewNames {
		s.many = make(map[string]struct{}, 4*fewNames)
		for _, known := range s.few {
			s.many[known] = struct{}{}
		}
	}
	return true
}
