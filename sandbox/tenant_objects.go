package sandbox

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	pendingAcceptance = "PendingAcceptance"
	accepted          = "Accepted"

	falconGroup  = "6f0c5a3e-0000-0000-0000-000000000001"
	heronGroup   = "6f0c5a3e-0000-0000-0000-000000000002"
	dynamicGroup = "6f0c5a3e-0000-0000-0000-000000000003"

	keepDeleted = 30 * 24 * time.Hour
)

// dirUser is a person in the directory. Its properties are kept as Graph renders them; the fields are what Graph does not tell.
type dirUser struct {
	props map[string]any

	ticket     string // of the newest invitation; every other ticket is dead
	redirect   string // where the newest invitation leads
	stateSince time.Time
	created    time.Time
	deleted    time.Time // zero: not deleted
	visible    time.Time // until then the directory has not replicated
	refused    int       // writes refused while it had not
	sponsors   []string
	manager    string
}

type dirGroup struct {
	id, name string
	dynamic  bool
	members  []string // user and group IDs, deleted users included: they come back with their groups
}

func (u *dirUser) text(property string) string {
	s, _ := u.props[property].(string)
	return s
}

func (u *dirUser) id() string    { return u.text("id") }
func (u *dirUser) name() string  { return u.text("displayName") }
func (u *dirUser) mail() string  { return u.text("mail") }
func (u *dirUser) state() string { return u.text("externalUserState") }
func (u *dirUser) guest() bool   { return u.text("userType") == "Guest" }

func (u *dirUser) enabled() bool {
	b, _ := u.props["accountEnabled"].(bool)
	return b
}

func (u *dirUser) setState(state string, now time.Time) {
	u.props["externalUserState"] = state
	u.props["externalUserStateChangeDateTime"] = graphTime(now)
	u.stateSince = now
}

// known tells whether the address is one under which the directory finds the user.
func (u *dirUser) known(address string) bool {
	others, _ := u.props["otherMails"].([]string)
	return strings.EqualFold(u.mail(), address) || strings.EqualFold(u.text("userPrincipalName"), address) ||
		slices.ContainsFunc(others, func(o string) bool { return strings.EqualFold(o, address) })
}

// readable comes before writable while a new user replicates: a GET that finds somebody is no proof that a PATCH will.
func (u *dirUser) readable(now time.Time) bool {
	return !now.Before(u.visible.Add(-u.visible.Sub(u.created) / 2))
}

func (u *dirUser) writable(now time.Time) bool { return !now.Before(u.visible) }

func (t *Tenant) seed() {
	t.groups = []*dirGroup{
		{id: falconGroup, name: "Project Falcon"},
		{id: heronGroup, name: "Project Heron"},
		{id: dynamicGroup, name: "Everyone (dynamic)", dynamic: true},
	}
	for _, m := range [][3]string{
		{"ann", "Ann Lee", "Buyer"},
		{"ben", "Ben Kim", "Engineer"},
		{"sam", "Sam Ortiz", "Sponsor"},
		{"olga", "Olga Braun", "Sponsor"},
		{"ada", "Ada Park", "IT admin"},
	} {
		t.addMember(m[0], m[1], m[2])
	}
	long := t.now().Add(-400 * 24 * time.Hour)
	old := t.addGuest("old@fabrikam.example", "Olaf Dahl", long)
	old.setState(accepted, long.Add(time.Hour))
	blocked := t.addGuest("blocked@fabrikam.example", "Bo Locke", long)
	blocked.setState(accepted, long.Add(time.Hour))
	blocked.props["accountEnabled"] = false
}

func (t *Tenant) addMember(nick, name, job string) {
	mail := nick + "@" + tenantDomain
	u := t.addUser(mail, mail, name, t.now().Add(-800*24*time.Hour))
	u.props["jobTitle"], u.props["userType"] = job, "Member"
	u.props["proxyAddresses"] = []string{"SMTP:" + mail}
}

// addGuest puts a guest into the directory who is known everywhere at once.
func (t *Tenant) addGuest(mail, name string, now time.Time) *dirUser {
	upn := strings.ReplaceAll(mail, "@", "_") + "#EXT#@" + initialDomain
	for n := 1; t.liveUser(upn) != nil; n++ {
		upn = strings.ReplaceAll(mail, "@", "_") + strconv.Itoa(n) + "#EXT#@" + initialDomain
	}
	u := t.addUser(upn, mail, name, now)
	u.props["userType"], u.props["creationType"] = "Guest", "Invitation"
	u.props["otherMails"] = []string{mail}
	u.props["proxyAddresses"] = []string{"SMTP:" + mail}
	u.setState(pendingAcceptance, now)
	return u
}

func (t *Tenant) addUser(upn, mail, name string, now time.Time) *dirUser {
	u := &dirUser{props: maps.Clone(userProperties), created: now, visible: now}
	maps.Copy(u.props, map[string]any{
		"id": newGUID(), "userPrincipalName": upn, "mail": mail, "displayName": name, "accountEnabled": true,
		"createdDateTime": graphTime(now), "mailNickname": strings.ReplaceAll(mail, "@", "_"),
	})
	t.users = append(t.users, u)
	return u
}

// liveUser finds a user who is not deleted by ID or user principal name.
func (t *Tenant) liveUser(key string) *dirUser {
	return t.findUser(func(u *dirUser) bool { return u.id() == key || strings.EqualFold(u.text("userPrincipalName"), key) })
}

func (t *Tenant) findUser(match func(*dirUser) bool) *dirUser {
	i := slices.IndexFunc(t.users, func(u *dirUser) bool { return u.deleted.IsZero() && match(u) })
	if i < 0 {
		return nil
	}
	return t.users[i]
}

// deletedUser finds a deleted user while it can still be restored.
func (t *Tenant) deletedUser(id string) *dirUser {
	for _, u := range t.users {
		if u.id() == id && !u.deleted.IsZero() && t.now().Before(u.deleted.Add(keepDeleted)) {
			return u
		}
	}
	return nil
}

func (t *Tenant) group(id string) *dirGroup {
	i := slices.IndexFunc(t.groups, func(g *dirGroup) bool { return strings.EqualFold(g.id, id) })
	if i < 0 {
		return nil
	}
	return t.groups[i]
}

// memberIDs are the group's direct members; everybody is in a dynamic one.
func (t *Tenant) memberIDs(g *dirGroup) []string {
	if !g.dynamic {
		return g.members
	}
	var ids []string
	for _, u := range t.users {
		if u.deleted.IsZero() && u.writable(t.now()) {
			ids = append(ids, u.id())
		}
	}
	return ids
}

// groupsOf are the groups an object is in, directly or, if deep, also through other groups.
func (t *Tenant) groupsOf(id string, deep bool) []*dirGroup {
	var in []*dirGroup
	for _, g := range t.groups {
		if slices.Contains(t.memberIDs(g), id) {
			in = append(in, g)
		}
	}
	for i := 0; deep && i < len(in); i++ {
		for _, g := range t.groupsOf(in[i].id, false) {
			if !slices.Contains(in, g) {
				in = append(in, g)
			}
		}
	}
	return in
}

func graphTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }
