package config

import (
	"time"

	"partnerbot/approvals"
)

const (
	defaultHold = 20 * time.Second
	longestHold = 10 * time.Minute
	mostGuests  = 100 // one request has one card, whose people have to be read
)

func (c *Config) readLimits(v value) {
	f := v.fields("undo", "claim", "nudge_every", "nudges", "guests_at_once")
	c.Policy.Limits = approvals.Limits{
		Hold: f["undo"].hold(), Claim: f["claim"].duration(time.Hour),
		NudgeEvery: f["nudge_every"].duration(4 * time.Hour), NudgeLimit: f["nudges"].number(3, 1),
	}
	c.Policy.MaxGuests = f["guests_at_once"].number(50, 1)
	if c.Policy.MaxGuests > mostGuests {
		f["guests_at_once"].problem("%d are too many for one request; write at most %d", c.Policy.MaxGuests, mostGuests)
	}
}

// hold is how long an approval can be undone; 0s is no time at all.
func (v value) hold() time.Duration {
	if text := v.text(""); text == "0" || text == "0s" {
		return 0
	}
	d := v.duration(defaultHold)
	if d > longestHold {
		v.problem("%s is long for somebody who waits; write at most %s", v.text(""), Words(longestHold))
	}
	return d
}
