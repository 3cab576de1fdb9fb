package sandbox

import (
	"maps"
	"slices"
	"strconv"
)

// State is everything one person may see, as the page shows it.
type State struct {
	Now       int64                     `json:"now"`
	Movable   bool                      `json:"movable"` // whether the page may move the clock
	Workspace Workspace                 `json:"workspace"`
	Me        StatePerson               `json:"me"`
	People    []StatePerson             `json:"people"`
	App       StateApp                  `json:"app"`
	Commands  []Command                 `json:"commands"`
	Channels  []StateChannel            `json:"channels"`
	Messages  map[string][]StateMessage `json:"messages"`
	View      map[string]any            `json:"view"` // nil: no modal; else the view as sent, plus id, hash, errors, depth, busy, state
	Notice    string                    `json:"notice"`
	Home      map[string]any            `json:"home"`
	Tenant    TenantState               `json:"tenant"`
	Traffic   []Traffic                 `json:"traffic"`
}

// Workspace names the workspace.
type Workspace struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// StatePerson is a person as the page shows one; Role is employee, sponsor, admin, guest, connect, deactivated or bot.
type StatePerson struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	Title    string `json:"title"`
	Role     string `json:"role"`
	Color    string `json:"color"`
}

// StateApp is the app and how it is connected; Mode is socket or http.
type StateApp struct {
	Name             string `json:"name"`
	BotUser          string `json:"bot_user"`
	Mode             string `json:"mode"`
	Connections      int    `json:"connections"`
	MessagesReadOnly bool   `json:"messages_read_only"`
}

// StateChannel is a conversation in the sidebar; Kind is channel or dm.
type StateChannel struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Private bool   `json:"private"`
	Topic   string `json:"topic"`
	With    string `json:"with,omitempty"`
	Unread  int    `json:"unread"`
}

// StateMessage is a message as the page shows it.
type StateMessage struct {
	TS        string           `json:"ts"`
	User      string           `json:"user"`
	Text      string           `json:"text"`
	Blocks    []map[string]any `json:"blocks"`
	Edited    bool             `json:"edited"`
	Ephemeral bool             `json:"ephemeral"`
	ThreadTS  string           `json:"thread_ts"`
	At        int64            `json:"at"`
}

// State is a consistent snapshot of Slack's side as the person sees it, and of the tenant. An unknown person sees an
// empty workspace.
func (w *World) State(as string) State {
	s := w.slackState(as)
	s.Tenant = w.tenant.state()
	s.Traffic = w.withGraph(s.Traffic)
	return s
}

func (w *World) slackState(as string) State {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := State{
		Now: w.cfg.Now().Unix(), Movable: w.cfg.Move != nil, Workspace: Workspace{ID: TeamID, Name: TeamName},
		App: StateApp{
			Name: w.people[BotUser].Name, BotUser: BotUser, Mode: "socket", Connections: len(w.sockets),
			MessagesReadOnly: w.cfg.MessagesReadOnly,
		},
		Commands: slices.Clone(w.cfg.Commands), Channels: []StateChannel{}, Messages: map[string][]StateMessage{},
		Notice: w.notices[as], Traffic: w.trafficLocked(),
	}
	if w.appURL != "" {
		s.App.Mode = "http"
	}
	for _, id := range w.peopleOrder {
		p := w.people[id]
		sp := StatePerson{ID: id, Name: p.Name, RealName: p.RealName, Title: p.Title, Role: p.role(), Color: p.Color}
		s.People = append(s.People, sp)
		if id == as {
			s.Me = sp
		}
	}
	for _, id := range w.channelOrder {
		if c := w.channels[id]; w.visibleLocked(c, as) {
			s.Channels = append(s.Channels, w.stateChannelLocked(c, as))
			s.Messages[id] = w.stateMessagesLocked(id, as)
		}
	}
	s.View = w.stateViewLocked(as)
	if home := w.homes[as]; home != nil {
		s.Home = home.wire()
	}
	return s
}

func (w *World) stateChannelLocked(c *channel, as string) StateChannel {
	sc := StateChannel{
		ID: c.ID, Name: c.Name, Kind: "channel", Private: c.Private, Topic: c.Topic, Unread: w.unread[as][c.ID],
	}
	if c.dm() {
		sc.Kind, sc.Private, sc.With, sc.Name = "dm", true, BotUser, w.people[BotUser].Name
	}
	return sc
}

func (w *World) stateMessagesLocked(channelID, as string) []StateMessage {
	list := []StateMessage{}
	for _, m := range w.messages[channelID] {
		if m.Ephemeral && m.ForUser != as {
			continue
		}
		list = append(list, StateMessage{
			TS: m.TS, User: m.User, Text: m.Text, Blocks: clone(m.Blocks), Edited: m.Edited,
			Ephemeral: m.Ephemeral, ThreadTS: m.ThreadTS, At: m.At.Unix(),
		})
	}
	return list
}

// stateViewLocked is the top modal in front of the person with the keys the page adds to Slack's.
func (w *World) stateViewLocked(as string) map[string]any {
	stack := w.stacks[as]
	if len(stack) == 0 {
		return nil
	}
	v := stack[len(stack)-1]
	out := v.wire()
	out["errors"] = maps.Clone(v.errors)
	if v.errors == nil {
		out["errors"] = map[string]string{}
	}
	out["depth"] = len(stack)
	out["busy"] = v.busy
	return out
}

// withGraph merges the tenant's calls into Slack's, by time, and keeps the newest.
func (w *World) withGraph(list []Traffic) []Traffic {
	graph := w.tenant.Calls()
	for _, c := range graph[max(0, len(graph)-keptTraffic):] {
		status := "ok"
		if c.Status < 200 || c.Status > 299 {
			status = strconv.Itoa(c.Status)
		}
		list = append(list, Traffic{
			At: c.At.Unix(), Dir: FromApp, What: c.Method + " " + c.Path, Status: status,
			MS: float64(c.Took.Microseconds()) / 1000, at: c.At,
		})
	}
	slices.SortStableFunc(list, func(a, b Traffic) int { return a.at.Compare(b.at) })
	return list[max(0, len(list)-keptTraffic):]
}
