package main

import (
	"fmt"
	"strings"
	"time"

	"partnerbot/approvals"
)

// stageText is a stage as people and programs read it.
type stageText struct {
	Name      string    `json:"name"`
	Card      string    `json:"card"` // a channel, or each of the approvers
	Approvers []string  `json:"approvers"`
	Quorum    int       `json:"quorum"`
	Days      float64   `json:"deadline_days"`
	Reminders []float64 `json:"reminder_days,omitempty"`
	Others    string    `json:"escalation,omitempty"`
	TimeOut   string    `json:"on_timeout"`
	Why       string    `json:"why"`

	lines []string
}

// describe puts a stage in words.
func describe(i int, s approvals.Stage) stageText {
	t := stageText{Name: s.Name, Card: card(s.Channel), Approvers: s.Approvers, Quorum: s.Quorum, Days: days(s.Deadline), TimeOut: "deny", Why: "the access asks for it"}
	if s.Rule != "" {
		t.Why = "rule " + s.Rule
	}
	for _, r := range s.Reminders {
		t.Reminders = append(t.Reminders, days(r))
	}
	if e := s.Escalate; e != nil {
		t.Others = escalation(*e)
		if e.After == 0 && e.Deadline > 0 {
			t.TimeOut = "escalate"
		}
	}
	head := fmt.Sprintf("%d. %s: %d of %s, card to %s", i+1, s.Name, s.Quorum, who(s.Approvers), t.Card)
	ends := "decides within " + inDays(s.Deadline)
	if t.TimeOut == "deny" {
		ends += ", no answer is a no"
	}
	t.lines = []string{head, ends}
	if len(s.Reminders) > 0 {
		said := make([]string, len(s.Reminders))
		for i, r := range s.Reminders {
			said[i] = inDays(r)
		}
		t.lines = append(t.lines, "reminds after "+strings.Join(said, ", "))
	}
	if t.Others != "" {
		t.lines = append(t.lines, t.Others)
	}
	t.lines = append(t.lines, "because "+t.Why)
	return t
}

func card(channel string) string {
	if channel == "" {
		return "each of them"
	}
	return channel
}

// escalation says when others are brought in, and how long they have.
func escalation(e approvals.Escalation) string {
	when := "when nobody is left who can decide"
	switch {
	case e.After > 0:
		when = "after " + inDays(e.After)
	case e.Deadline > 0:
		when = "when the time is over"
	}
	text := fmt.Sprintf("%s also %s, card to %s", when, who(e.Approvers), card(e.Channel))
	if e.Deadline > 0 {
		text += fmt.Sprintf("; they have %s, then no answer is a no", inDays(e.Deadline))
	}
	return text
}

// who names approvers; a role is said in words.
func who(approvers []string) string {
	words := map[string]string{
		approvals.RoleManager: "the requester's manager", approvals.RoleSponsors: "the partner's sponsors (there are none)",
		approvals.RoleChosen: "whom the stage before chooses",
	}
	said := make([]string, len(approvers))
	for i, a := range approvers {
		said[i] = a
		if w, ok := words[a]; ok {
			said[i] = w
		}
	}
	return strings.Join(said, ", ")
}

func days(d time.Duration) float64 { return float64(d) / float64(24*time.Hour) }

// inDays writes a length of time in days, or in hours where it is less than one.
func inDays(d time.Duration) string {
	n, unit := d.Hours()/24, "day"
	if n < 1 {
		n, unit = d.Hours(), "hour"
	}
	if n < 1 {
		n, unit = d.Minutes(), "minute"
	}
	text := strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0")
	if text == "1" {
		return "1 " + unit
	}
	return text + " " + unit + "s"
}
