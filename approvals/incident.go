package approvals

import "time"

// Incident is trouble that is not one request's: an invitation switch that is
// off, a token that is refused, a channel that was archived. The admins are told
// once when it begins and once when it is over, by whichever replica comes first.
type Incident struct {
	Key     string    `json:"key"`
	Trouble Trouble   `json:"trouble"`
	Since   time.Time `json:"since"`
	Seen    time.Time `json:"seen,omitzero"`    // when it was last met, to within a few minutes
	Over    time.Time `json:"over,omitzero"`    // zero while it lasts
	Version uint64    `json:"version"`          // grows with each change of what is told
	Told    uint64    `json:"told,omitempty"`   // the version that the admins were shown
	Telling time.Time `json:"telling,omitzero"` // when a replica began to tell them; others leave it alone for a while
	Shown   []Posted  `json:"shown,omitempty"`  // the messages to the admins

	// Tried are messages that were about to be posted, as in Shown of a request.
	Tried map[string]time.Time `json:"tried,omitempty"`
}

// Keys of incidents. That of a channel ends in its ID.
const (
	WideToken       = "entra token"       // nothing can be asked of Entra
	WideInvitations = "entra invitations" // nobody can be invited
	WideDirectory   = "entra directory"   // nobody can be looked for
	WideStuck       = "entra stuck "      // one request's step is refused and tried on
	WideSlackToken  = "slack token"       // nothing can be asked of Slack
	WideChannel     = "slack channel "    // nothing can be posted there
	WideStranded    = "stranded "         // one request has nobody who could decide it
	WidePolicy      = "policy"            // the configuration has mistakes, and the old one is used
	WideScope       = "slack scope "      // the app may not do something that it needs
)

const (
	// sameAgain is how soon after its end trouble counts as the same incident, of
	// which no new message is made.
	sameAgain = 10 * time.Minute
	// seenEvery is how exactly it is kept when an incident was last met.
	seenEvery = 5 * time.Minute
	// quietFor is how long trouble of Slack is not met before it counts as over.
	// What has it is tried again sooner than that.
	quietFor = 30 * time.Minute
	// forgottenAfter is how long an incident is kept that is over and told.
	forgottenAfter = 24 * time.Hour
	// tellingTakes is how long a replica that tells admins is given for a message.
	tellingTakes = time.Minute
)

// lasts reports whether there is such an incident and it is not over.
func (i Incident) lasts() bool { return i.Version > 0 && i.Over.IsZero() }

// met is the incident after trouble of its kind at a time, or ErrNotDue where
// that is no news.
func (i Incident) met(t Trouble, now time.Time) (Incident, error) {
	t.After, t.Err, t.Text = 0, nil, WithoutAddresses(t.Text)
	news := t.Code != i.Trouble.Code
	switch {
	case i.lasts() && !news && recent(i.Seen, now, seenEvery):
		return i, ErrNotDue
	case i.lasts():
	case recent(i.Over, now, sameAgain):
		i.Over, news = time.Time{}, true
	default:
		i, news = Incident{Key: i.Key, Since: now, Version: i.Version}, true
	}
	i.Seen = now
	if news {
		i.Trouble, i.Version = t, i.Version+1
	}
	return i, nil
}

// ended is the incident after a call that began at a time and would have met it.
func (i Incident) ended(began, now time.Time) (Incident, error) {
	if !i.lasts() || began.Before(i.Since) {
		return i, ErrNotDue
	}
	i.Over, i.Version = now, i.Version+1
	return i, nil
}

// toTell reports whether the admins are to be told, and nobody else is doing so.
func (i Incident) toTell(now time.Time) bool {
	return i.Told != i.Version && !recent(i.Telling, now, tellingTakes)
}

// recent reports whether something happened less than so long ago. What lies in
// the future, because a clock was set back, did not.
func recent(at, now time.Time, d time.Duration) bool {
	age := now.Sub(at)
	return !at.IsZero() && age >= 0 && age < d
}
