package approvals

import (
	"context"
	"slices"
)

// sight reads people and groups from Slack, each at most once. It lives for one
// decision or one run of work, so what it says was read after whatever the
// person did.
type sight struct {
	people  People
	persons map[PersonID]Person
	members map[string][]string
}

// of describes somebody and says which of the groups they are in. An error
// means that nothing is known, which is never a yes.
func (s *sight) of(ctx context.Context, id PersonID, groups []string) (Person, []string, error) {
	who, ok := s.persons[id]
	if !ok {
		var err error
		if who, err = s.people.Person(ctx, id); err != nil {
			return Person{}, nil, err
		}
		if s.persons == nil {
			s.persons = map[PersonID]Person{}
		}
		s.persons[id] = who
	}
	if who.stranger() {
		return who, nil, nil // whatever group they are in, they decide nothing
	}
	var in []string
	for _, g := range groups {
		members, err := s.group(ctx, g)
		if err != nil {
			return Person{}, nil, err
		}
		if slices.Contains(members, id.User) {
			in = append(in, g)
		}
	}
	return who, in, nil
}

func (s *sight) group(ctx context.Context, g string) ([]string, error) {
	if members, ok := s.members[g]; ok {
		return members, nil
	}
	members, err := s.people.Members(ctx, g)
	if err != nil {
		return nil, err
	}
	if s.members == nil {
		s.members = map[string][]string{}
	}
	s.members[g] = members
	return members, nil
}
