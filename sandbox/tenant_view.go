package sandbox

import (
	"slices"
	"strings"
	"time"
)

// TenantState is the directory as its administrators see it, and the mail that left it.
type TenantState struct {
	Name   string  `json:"name"`
	Domain string  `json:"domain"`
	Guests []Guest `json:"guests"`
	Groups []Group `json:"groups"`
	Mails  []Mail  `json:"mails"`
}

// Guest is a guest user who is not deleted. Times are Unix seconds; Groups are names.
type Guest struct {
	ID      string   `json:"id"`
	Mail    string   `json:"mail"`
	Name    string   `json:"name"`
	State   string   `json:"state"` // PendingAcceptance | Accepted
	Created int64    `json:"created"`
	Changed int64    `json:"changed"` // when State last changed
	Groups  []string `json:"groups"`
	Enabled bool     `json:"enabled"`
	Visible bool     `json:"visible"` // false while replication lags

	UserPrincipalName string   `json:"-"`
	Company           string   `json:"-"`
	Sponsors          []string `json:"-"` // IDs
	RedeemURL         string   `json:"-"` // of the newest invitation; empty if there was none
}

// Group is a group with its members' names.
type Group struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members"`

	Dynamic bool `json:"-"`
}

// Mail is an invitation that Microsoft sent.
type Mail struct {
	ID      string `json:"id"`
	To      string `json:"to"`
	Cc      string `json:"cc,omitempty"`
	From    string `json:"from"`
	Subject string `json:"subject"`
	Body    string `json:"body"`
	Link    string `json:"link"`
	At      int64  `json:"at"`
}

func (t *Tenant) state() TenantState {
	return TenantState{Name: tenantName, Domain: tenantDomain, Guests: t.Guests(), Groups: t.Groups(), Mails: t.Mails()}
}

// Guests returns every guest, in the order they were invited.
func (t *Tenant) Guests() []Guest {
	t.mu.Lock()
	defer t.mu.Unlock()
	guests := []Guest{}
	for _, u := range t.users {
		if u.guest() && u.deleted.IsZero() {
			guests = append(guests, t.guestOf(u))
		}
	}
	return guests
}

// Guest returns the guest with the address, and whether there is one.
func (t *Tenant) Guest(mail string) (Guest, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.findUser(func(u *dirUser) bool { return u.guest() && strings.EqualFold(u.mail(), mail) })
	if u == nil {
		return Guest{}, false
	}
	return t.guestOf(u), true
}

func (t *Tenant) guestOf(u *dirUser) Guest {
	g := Guest{
		ID: u.id(), Mail: u.mail(), Name: u.name(), State: u.state(),
		Created: u.created.Unix(), Changed: u.stateSince.Unix(), Groups: []string{},
		Enabled: u.enabled(), Visible: u.writable(t.now()),
		UserPrincipalName: u.text("userPrincipalName"), Company: u.text("companyName"), Sponsors: slices.Clone(u.sponsors),
	}
	for _, in := range t.groupsOf(u.id(), false) {
		if !in.dynamic {
			g.Groups = append(g.Groups, in.name)
		}
	}
	if u.ticket != "" {
		g.RedeemURL = t.redeemURL(u)
	}
	return g
}

// Groups returns every group, with the names of its live members.
func (t *Tenant) Groups() []Group {
	t.mu.Lock()
	defer t.mu.Unlock()
	groups := []Group{}
	for _, g := range t.groups {
		out := Group{ID: g.id, Name: g.name, Members: []string{}, Dynamic: g.dynamic}
		for _, id := range t.memberIDs(g) {
			if u := t.liveUser(id); u != nil {
				out.Members = append(out.Members, u.name())
			} else if in := t.group(id); in != nil {
				out.Members = append(out.Members, in.name)
			}
		}
		groups = append(groups, out)
	}
	return groups
}

// Members returns the IDs of the group's live members, in the order they were added; none if there is no such group.
func (t *Tenant) Members(groupID string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.group(groupID)
	if g == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.memberIDs(g)), func(id string) bool { return t.liveUser(id) == nil && t.group(id) == nil })
}

// Mails returns the invitation mails that were sent, oldest first.
func (t *Tenant) Mails() []Mail {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Mail{}, t.mails...)
}

func (t *Tenant) post(to, cc, link string, now time.Time) {
	t.mails = append(t.mails, Mail{
		ID: newGUID(), To: to, Cc: cc, From: "invites@microsoft.com", At: now.Unix(), Link: link,
		Subject: tenantName + " has invited you to work in their organisation",
		Body: "An app of " + tenantName + " (" + tenantDomain + ") invites you as a guest. Only accept if you expected this: " +
			tenantName + " will learn your name, e-mail address and photo.",
	})
}
