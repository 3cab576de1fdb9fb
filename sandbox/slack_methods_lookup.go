package sandbox

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func authTest(w *World, c *apiCall) answer {
	return accept("url", "https://"+TeamDomain+".slack.com/", "team", TeamName, "user", w.people[BotUser].Name,
		"team_id", TeamID, "user_id", BotUser, "bot_id", BotID, "is_enterprise_install", false)
}

func connectionsOpen(w *World, c *apiCall) answer {
	ticket := secret()
	w.tickets[ticket] = true
	return accept("url", "ws://"+c.host+"/link/?ticket="+ticket+"&app_id="+AppID)
}

func usersInfo(w *World, c *apiCall) answer {
	p := w.people[c.string("user")]
	if p == nil {
		return refuse("user_not_found")
	}
	return accept("user", w.userObject(p, truthy(c.args["include_locale"])))
}

func usersLookupByEmail(w *World, c *apiCall) answer {
	if !w.granted("users:read") {
		return w.missingScope("users:read")
	}
	email := c.string("email")
	for _, id := range w.peopleOrder {
		p := w.people[id]
		if email != "" && strings.EqualFold(p.Email, email) && !p.Deleted && !p.external() {
			return accept("user", w.userObject(p, false))
		}
	}
	return refuse("users_not_found")
}

// userObject is a person in Slack's shape. Of people of other workspaces it tells less, and never the locale.
func (w *World) userObject(p *Person, locale bool) map[string]any {
	first, last, _ := strings.Cut(p.RealName, " ")
	profile := map[string]any{
		"real_name": p.RealName, "real_name_normalized": p.RealName, "display_name": p.Name,
		"display_name_normalized": p.Name, "first_name": first, "last_name": last, "title": p.Title, "team": p.TeamID,
	}
	if p.Email != "" && w.granted("users:read.email") {
		profile["email"] = p.Email
	}
	u := map[string]any{
		"id": p.ID, "team_id": p.TeamID, "name": p.Name, "real_name": p.RealName, "deleted": p.Deleted,
		"color": strings.TrimPrefix(p.Color, "#"), "profile": profile, "is_bot": p.Bot,
		"is_app_user": false, "updated": w.cfg.Now().Unix(),
	}
	if p.external() {
		u["is_stranger"] = p.Stranger
		delete(profile, "title")
		return u
	}
	if p.Deleted {
		return u
	}
	maps.Copy(u, map[string]any{
		"tz": cmp.Or(p.TZ, "Europe/Berlin"), "tz_label": "Central European Time", "tz_offset": 3600,
		"is_admin": p.Admin, "is_owner": false, "is_primary_owner": false, "is_restricted": p.guest(),
		"is_ultra_restricted": p.UltraRestricted, "is_email_confirmed": p.Email != "",
	})
	if locale && p.Locale != "" {
		u["locale"] = p.Locale
	}
	return u
}

func usergroupsList(w *World, c *apiCall) answer {
	list := []any{}
	for _, id := range w.groupOrder {
		g := w.groups[id]
		if g.Disabled && !truthy(c.args["include_disabled"]) {
			continue
		}
		o := map[string]any{
			"id": g.ID, "team_id": TeamID, "is_usergroup": true, "is_external": false, "name": g.Name, "handle": g.Handle,
			"description": "", "date_create": 0, "date_update": 0, "date_delete": 0, "user_count": len(g.Users),
		}
		if g.Disabled {
			o["date_delete"] = w.cfg.Now().Unix()
		}
		if truthy(c.args["include_users"]) {
			o["users"] = anyList(g.Users)
		}
		list = append(list, o)
	}
	return accept("usergroups", list)
}

func usergroupsUsersList(w *World, c *apiCall) answer {
	g := w.groups[c.string("usergroup")]
	if g == nil || g.Disabled && !truthy(c.args["include_disabled"]) {
		return refuse("no_such_subteam")
	}
	return accept("users", anyList(g.Users))
}

func anyList(ids []string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}

func conversationsOpen(w *World, c *apiCall) answer {
	if id := c.string("channel"); id != "" {
		ch := w.channels[id]
		if ch == nil || !ch.dm() {
			return refuse("channel_not_found")
		}
		return accept("channel", map[string]any{"id": id}, "no_op", true, "already_open", true)
	}
	users := strings.FieldsFunc(c.string("users"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(users) != 1 {
		return refuse("users_list_not_supplied")
	}
	p := w.people[users[0]]
	switch {
	case p == nil || p.Stranger:
		return refuse("user_not_found")
	case p.Deleted:
		return refuse("user_disabled")
	case p.Bot || p.ID == slackbotUser:
		return refuse("cannot_dm_bot")
	}
	return accept("channel", map[string]any{"id": w.dmLocked(p.ID).ID})
}

// scopeOf is the scope that reading a conversation of its kind needs.
func (c *channel) scopeOf(what string) string {
	switch {
	case c.dm():
		return "im:" + what
	case c.Private:
		return "groups:" + what
	}
	return "channels:" + what
}

// readableLocked is the conversation, if the app may look at it at all.
func (w *World) readableLocked(id, what string) (*channel, *answer) {
	ch := w.channels[id]
	if ch == nil || (ch.Private || ch.dm()) && !ch.has(BotUser) {
		a := refuse("channel_not_found")
		return nil, &a
	}
	if scope := ch.scopeOf(what); !w.granted(scope) {
		a := w.missingScope(scope)
		return nil, &a
	}
	return ch, nil
}

func conversationsInfo(w *World, c *apiCall) answer {
	ch, problem := w.readableLocked(c.string("channel"), "read")
	if problem != nil {
		return *problem
	}
	o := map[string]any{
		"id": ch.ID, "created": 0, "is_archived": ch.Archived, "is_im": ch.dm(), "is_member": ch.has(BotUser),
		"is_channel": !ch.dm(), "is_group": false, "is_mpim": false, "is_private": ch.Private || ch.dm(),
		"is_ext_shared": ch.Shared, "is_shared": ch.Shared, "is_org_shared": false, "context_team_id": TeamID,
	}
	if ch.dm() {
		o["user"] = ch.With
	} else {
		o["name"], o["name_normalized"] = ch.Name, ch.Name
		o["topic"] = map[string]any{"value": ch.Topic, "creator": "", "last_set": 0}
	}
	if truthy(c.args["include_num_members"]) {
		o["num_members"] = len(ch.Members)
	}
	return accept("channel", o)
}

func conversationsMembers(w *World, c *apiCall) answer {
	ch, problem := w.readableLocked(c.string("channel"), "read")
	if problem != nil {
		return *problem
	}
	page, next := paged(ch.Members, c)
	return accept("members", anyList(page), "response_metadata", map[string]any{"next_cursor": next})
}

// paged is the page of a list that limit and cursor ask for. Cursors are opaque to the app: here, a position.
func paged[T any](list []T, c *apiCall) (page []T, next string) {
	from := min(max(c.int("cursor", 0), 0), len(list))
	to := min(from+min(max(c.int("limit", 100), 1), 999), len(list))
	if to < len(list) {
		next = strconv.Itoa(to)
	}
	return list[from:to], next
}

func conversationsHistory(w *World, c *apiCall) answer {
	return w.listMessages(c, func(m *Message) bool { return m.ThreadTS == "" || m.ThreadTS == m.TS }, true)
}

func conversationsReplies(w *World, c *apiCall) answer {
	ts := c.string("ts")
	if _, problem := w.listedLocked(c); problem != nil {
		return *problem
	}
	if m := w.findMessageLocked(c.string("channel"), ts); m == nil || m.Ephemeral {
		return refuse("thread_not_found")
	}
	return w.listMessages(c, func(m *Message) bool { return m.TS == ts || m.ThreadTS == ts }, false)
}

// listedLocked is the conversation whose messages the app may list.
func (w *World) listedLocked(c *apiCall) (*channel, *answer) {
	ch, problem := w.readableLocked(c.string("channel"), "history")
	if problem == nil && !ch.has(BotUser) {
		a := refuse("not_in_channel")
		return nil, &a
	}
	return ch, problem
}

func (w *World) listMessages(c *apiCall, want func(*Message) bool, newestFirst bool) answer {
	ch, problem := w.listedLocked(c)
	if problem != nil {
		return *problem
	}
	oldest, latest, inclusive := c.string("oldest"), c.string("latest"), truthy(c.args["inclusive"])
	list := []any{}
	for _, m := range w.messages[ch.ID] {
		low := oldest == "" || oldest == "0" || m.TS > oldest || inclusive && m.TS == oldest
		high := latest == "" || m.TS < latest || inclusive && m.TS == latest
		if m.Ephemeral || !want(m) || !low || !high {
			continue
		}
		list = append(list, w.messageObject(m, truthy(c.args["include_all_metadata"])))
	}
	if newestFirst {
		slices.Reverse(list)
	}
	page, next := paged(list, c)
	return accept("messages", page, "has_more", next != "", "response_metadata", map[string]any{"next_cursor": next})
}
