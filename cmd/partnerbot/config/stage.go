package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"partnerbot/approvals"
)

const (
	// defaultDeadline is how long a stage may take that says nothing about it.
	defaultDeadline = 5 * 24 * time.Hour
	// maxReminders keeps a short first reminder from becoming a drumbeat.
	maxReminders = 10
)

var (
	roles     = []string{approvals.RoleManager, approvals.RoleSponsors, approvals.RoleChosen}
	stageKeys = []string{"name", "channel", "direct", "approvers", "quorum", "deadline", "remind", "escalate", "on_timeout"}
)

// stageAt says where a stage stands.
type stageAt struct {
	name  string // unless it has one of its own
	first bool   // no stage before it could choose who decides it
	keys  []string
}

func readStage(v value, at stageAt) approvals.Stage {
	f := v.fields(slices.Concat(stageKeys, at.keys)...)
	s := approvals.Stage{
		Name:      f["name"].limited(at.name, 75),
		Channel:   f.channel(),
		Approvers: f["approvers"].approvers("the user groups (S…) or users (U…, W…) who decide, e.g. [S0FALCON]", roles...),
		Quorum:    f["quorum"].number(1, 1),
		Deadline:  f["deadline"].duration(defaultDeadline),
	}
	s.Reminders = f["remind"].reminders(s.Deadline)
	if at.first && s.Has(approvals.RoleChosen) {
		f["approvers"].problem("%s is whom the stage before has chosen, and there is no stage before this one", approvals.RoleChosen)
	}
	countable := !s.Has(approvals.RoleSponsors) && !slices.ContainsFunc(s.Approvers, approvals.IsGroup)
	if countable && len(s.Approvers) > 0 && s.Quorum > len(s.Approvers) {
		f["quorum"].problem("%d can never be reached: only %d may decide", s.Quorum, len(s.Approvers))
	}
	s.Escalate = f.escalation(s)
	return s
}

// channel is where the card goes; none with direct: true.
func (f fields) channel() string {
	const what = "a channel ID like C0FALCON (in Slack: channel name, About)"
	channel, direct := f["channel"], f["direct"]
	if !direct.yes() {
		if channel.absent() {
			channel.problem("is missing; write %s, or direct: true for a direct message to each approver", what)
			return ""
		}
		return channel.id(what, "C", "G")
	}
	if !channel.absent() {
		channel.problem("and direct: true exclude each other; the card goes to a channel, or to each approver")
	}
	return ""
}

// reminders are when to remind, after the stage began. One length of time stands
// for a series whose pauses double; none comes at the deadline or after it.
func (v value) reminders(deadline time.Duration) []time.Duration {
	if v.absent() {
		return nil
	}
	if _, list := v.node.(*ast.SequenceNode); !list {
		return v.doubling(deadline)
	}
	var out []time.Duration
	for _, i := range v.items() {
		at := i.duration(0)
		switch {
		case at == 0:
		case at >= deadline:
			i.problem("%s is not before the stage's deadline, %s", i.text(""), Words(deadline))
		case len(out) > 0 && at <= out[len(out)-1]:
			i.problem("%s is not after the reminder before it", i.text(""))
		default:
			out = append(out, at)
		}
	}
	if len(out) > maxReminders {
		v.problem("has %d reminders; people stop reading after %d", len(out), maxReminders)
	}
	return out
}

func (v value) doubling(deadline time.Duration) []time.Duration {
	first := v.duration(0)
	if first >= deadline {
		v.problem("%s is not before the stage's deadline, %s", v.text(""), Words(deadline))
	}
	var out []time.Duration
	for at, pause := first, first; at > 0 && at < deadline && len(out) < maxReminders; at += pause {
		out = append(out, at)
		pause *= 2
	}
	return out
}

// escalation reads whom else a stage brings in, and what its time-out means.
func (f fields) escalation(s approvals.Stage) *approvals.Escalation {
	timeout := f["on_timeout"].oneOf("deny", "deny", "escalate")
	v := f["escalate"]
	if v.absent() {
		if timeout == "escalate" {
			f["on_timeout"].problem("escalate needs to know to whom; write escalate: {approvers: […], deadline: 2d}")
		}
		return nil
	}
	g := v.fields("after", "channel", "direct", "approvers", "deadline")
	e := &approvals.Escalation{After: g["after"].duration(0), Deadline: g["deadline"].duration(0)}
	if !g["channel"].absent() || g["direct"].yes() {
		e.Channel = g.channel()
	}
	for _, p := range g["approvers"].approvers("the user groups (S…) or users (U…, W…) who decide then, e.g. [S0LEADS]", roles...) {
		if slices.Contains(roles, p) {
			g["approvers"].problem("%s is a role; an escalation names user groups (S…) and users (U…, W…), because somebody must be there", p)
			continue
		}
		e.Approvers = append(e.Approvers, p)
	}
	f.checkTimeout(timeout, g, e, s)
	return e
}

func (f fields) checkTimeout(timeout string, g fields, e *approvals.Escalation, s approvals.Stage) {
	switch {
	case timeout == "escalate" && e.Deadline == 0:
		g["deadline"].problem("is missing; on_timeout: escalate needs the time that they have then, e.g. deadline: 2d")
	case timeout == "escalate" && e.After > 0:
		g["after"].problem("and on_timeout: escalate exclude each other; after brings others in before the deadline, on_timeout: escalate at it")
	case timeout == "deny" && e.After == 0 && e.Deadline > 0:
		g["deadline"].problem("is of no use while a time-out denies; write after: when others are brought in, or on_timeout: escalate")
	case e.After >= s.Deadline && e.After > 0:
		g["after"].problem("%s is not before the stage's deadline, %s", g["after"].text(""), Words(s.Deadline))
	}
}

// Words writes a length of time the way that duration reads it.
func Words(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= u.unit && d%u.unit == 0 {
			return fmt.Sprintf("%d%s", d/u.unit, u.name)
		}
	}
	return strings.TrimSuffix(d.String(), "0s")
}
