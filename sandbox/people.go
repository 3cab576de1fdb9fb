package sandbox

import (
	"cmp"
	"slices"
)

// The workspace that the app is installed in, and the one the Slack Connect visitor comes from.
const (
	TeamID       = "T0NORTH"
	TeamDomain   = "northwind"
	TeamName     = "Northwind"
	OtherTeamID  = "T0OTHER"
	AppID        = "A0PARTNER"
	BotID        = "B0BOT"
	BotUser      = "U0BOT"
	slackbotUser = "USLACKBOT"
)

// Person is one account as Slack knows it. Role is the page's label for an ordinary member (employee, sponsor,
// admin); the flags decide what Slack lets the person do.
type Person struct {
	ID, TeamID, Name, RealName string
	Title, Email, Locale, TZ   string
	Role, Color                string
	Admin                      bool
	Restricted                 bool // a Slack guest in several channels
	UltraRestricted            bool // a Slack guest in one channel
	Bot                        bool
	Deleted                    bool // deactivated
	Stranger                   bool // of another workspace and sharing no channel with the app
}

// role is what the page calls the person: the flags win over the label.
func (p Person) role() string {
	switch {
	case p.Deleted:
		return "deactivated"
	case p.Bot || p.ID == slackbotUser:
		return "bot"
	case p.external():
		return "connect"
	case p.guest():
		return "guest"
	}
	return cmp.Or(p.Role, "employee")
}

func (p Person) external() bool { return p.TeamID != TeamID }
func (p Person) guest() bool    { return p.Restricted || p.UltraRestricted }

// userGroup is a Slack user group (S…).
type userGroup struct {
	ID, Handle, Name string
	Users            []string
	Disabled         bool
}

// channel is a conversation: a public or private channel, or the direct messages of one person with the app.
type channel struct {
	ID, Name, Topic string
	Private         bool
	Archived        bool
	Shared          bool // with another workspace
	With            string
	Members         []string
}

func (c *channel) dm() bool             { return c.With != "" }
func (c *channel) has(user string) bool { return slices.Contains(c.Members, user) }

// cast is who is in the workspace when it opens.
func cast() []Person {
	member := func(id, name, realName, title, role, color string) Person {
		return Person{
			ID: id, TeamID: TeamID, Name: name, RealName: realName, Title: title, Role: role, Color: color,
			Email: name + "@northwind.example", Locale: "en-US", TZ: "Europe/Berlin",
		}
	}
	people := []Person{
		member("U0ANN", "ann", "Ann Lee", "Buyer", "employee", "#1264a3"),
		member("U0BEN", "ben", "Ben Kim", "Engineer", "employee", "#2b7a4b"),
		member("U0SAM", "sam", "Sam Ortiz", "Sponsor of Falcon", "sponsor", "#b5500b"),
		member("U0OLGA", "olga", "Olga Braun", "Second sponsor", "sponsor", "#8a3ab9"),
		member("U0ADA", "ada", "Ada Park", "IT admin", "admin", "#a3195b"),
		member("U0GUS", "gus", "Gus Webb", "Contractor", "employee", "#6b6100"),
		member("U0VERA", "vera", "Vera Rossi", "Account manager", "employee", "#00697a"),
		member("U0DAN", "dan", "Dan Moss", "Former buyer", "employee", "#616061"),
		member(BotUser, "partnerbot", "partnerbot", "", "", "#4a154b"),
		member(slackbotUser, "slackbot", "Slackbot", "", "", "#454447"),
	}
	for i := range people {
		switch p := &people[i]; p.ID {
		case "U0ADA":
			p.Admin = true
		case "U0GUS":
			p.Restricted = true
		case "U0VERA":
			p.TeamID, p.Email = OtherTeamID, "vera@fabrikam.example"
		case "U0DAN":
			p.Deleted = true
		case BotUser:
			p.Bot, p.Email = true, ""
		case slackbotUser:
			p.Email = ""
		}
	}
	return people
}

func castGroups() []userGroup {
	return []userGroup{
		{ID: "S0ADMINS", Handle: "it-admins", Name: "IT admins", Users: []string{"U0ADA"}},
		{ID: "S0FALCON", Handle: "falcon-sponsors", Name: "Falcon sponsors", Users: []string{"U0SAM", "U0OLGA"}},
		{ID: "S0HERON", Handle: "heron-sponsors", Name: "Heron sponsors", Users: []string{"U0OLGA", "U0ADA"}},
	}
}

func castChannels() []channel {
	members := []string{"U0ANN", "U0BEN", "U0SAM", "U0OLGA", "U0ADA"}
	return []channel{
		{ID: "C0GENERAL", Name: "general", Topic: "Company-wide news and work", Members: append(slices.Clone(members), "U0GUS")},
		{ID: "C0RANDOM", Name: "random", Topic: "Everything else", Members: slices.Clone(members)},
		{
			ID: "C0FALCON", Name: "falcon-sponsors", Topic: "Who may join Project Falcon", Shared: true,
			Members: []string{"U0SAM", "U0OLGA", "U0ADA", "U0GUS", "U0VERA", "U0ANN", BotUser},
		},
		{
			ID: "C0HERON", Name: "heron-sponsors", Topic: "Who may join Project Heron", Private: true,
			Members: []string{"U0OLGA", "U0ADA", BotUser},
		},
	}
}

// SetPerson changes an account, from the next call or click on.
func (w *World) SetPerson(id string, change func(*Person)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.people[id]; p != nil {
		change(p)
		w.touchLocked()
	}
}

// AddPerson makes an account; of an ID that exists already it becomes the account.
func (w *World) AddPerson(p Person) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.people[p.ID] == nil {
		w.peopleOrder = append(w.peopleOrder, p.ID)
	}
	w.people[p.ID] = &p
	w.touchLocked()
}

// SetGroup makes exactly these people the members of a user group, creating the group if need be.
func (w *World) SetGroup(id string, users ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.groups[id]; g != nil {
		g.Users = users
	} else {
		w.groups[id] = &userGroup{ID: id, Handle: id, Name: id, Users: users}
		w.groupOrder = append(w.groupOrder, id)
	}
	w.touchLocked()
}

// DisableGroup switches a user group off, or on again. Its members stay in it.
func (w *World) DisableGroup(id string, off bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.groups[id]; g != nil {
		g.Disabled = off
		w.touchLocked()
	}
}

// LeaveGroup takes a person out of a user group.
func (w *World) LeaveGroup(id, user string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.groups[id]; g != nil {
		g.Users = slices.DeleteFunc(slices.Clone(g.Users), func(u string) bool { return u == user })
		w.touchLocked()
	}
}

// SetMembers makes exactly these people the members of a channel.
func (w *World) SetMembers(channelID string, users ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.channels[channelID]; c != nil {
		c.Members = users
		w.touchLocked()
	}
}

// Archive closes a channel for new messages.
func (w *World) Archive(channelID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.channels[channelID]; c != nil {
		c.Archived = true
		w.touchLocked()
	}
}

// visibleLocked reports whether the person can read the channel: its members can, and every full member of the
// workspace can read what is public.
func (w *World) visibleLocked(c *channel, user string) bool {
	p := w.people[user]
	if c == nil || p == nil {
		return false
	}
	if c.has(user) {
		return true
	}
	return !c.dm() && !c.Private && !p.external() && !p.guest() && !p.Bot
}

// dmLocked is the app's conversation with one person, made on first use.
func (w *World) dmLocked(user string) *channel {
	id := "D0" + user
	if c := w.channels[id]; c != nil {
		return c
	}
	c := &channel{ID: id, Name: "directmessage", With: user, Members: []string{user, BotUser}}
	w.channels[id] = c
	w.channelOrder = append(w.channelOrder, id)
	return c
}
