package bot

import (
	"slices"
	"strings"
	"time"

	"partnerbot/approvals"
)

// MailMicrosoft is the setting of invitation_mail under which Microsoft mails
// the invitation itself; under every other one the link must be passed on.
const MailMicrosoft = "microsoft"

// render turns requests into what Slack shows. It is pure: the same request
// always looks the same. Redeem links appear in Direct and nowhere else.
type render struct {
	Words   *Words
	Policy  func() *approvals.Policy
	Company string // how the note to the guest calls us; may be empty
	Mail    string // who mails the invitation: microsoft, requester, graph or smtp
	Cloud   string // Entra's; empty: public
	Locale  string // of what a whole channel reads; empty is English

	names map[string]string // user ID to name, for those who are not to be notified
	alone bool              // one person reads it, so nobody else who is mentioned is notified
	now   time.Time         // of the drawing; zero: the moment of the request's last change
}

// at returns a copy that draws for a moment.
func (d render) at(now time.Time) render {
	d.now = now
	return d
}

// seen is a request at the moment of drawing, for what time alone changes.
func (d render) seen(r approvals.Request) approvals.Request {
	if d.now.After(r.Changed) {
		r.Changed = d.now
	}
	return r
}

// naming returns a copy that writes these people by name instead of mentioning
// them. Slack notifies whoever is mentioned in a new message, and nobody of a
// change to it: so a card mentions its approvers from the start, and everybody
// else only once it is updated.
func (d render) naming(names map[string]string) render {
	d.names = names
	return d
}

// person mentions somebody, or names them where they are not to be notified.
func (d render) person(id approvals.PersonID) any {
	if name := typed(d.names[id.User]); name != "" {
		return Bold(shownText(name))
	}
	return Mention(id.User)
}

// bystander is somebody who has no part in a request: a message that is to
// notify others only leaves out who cannot be named.
func (d render) bystander(id approvals.PersonID) any {
	if d.names != nil && !d.alone && typed(d.names[id.User]) == "" {
		return Mention("")
	}
	return d.person(id)
}

// list joins pieces as a language joins them, the last one by a word: "A, B or C".
func (d render) list(locale, last string, ps []piece) Phrase {
	const shown = 10
	if more := len(ps) - shown; more > 0 {
		rest := Phrase(d.Words.phrase(locale, "list.more", Args{"count": more}))
		ps = append(slices.Clone(ps[:shown]), rest)
	}
	var out Phrase
	for i, p := range ps {
		switch {
		case i == 0:
		case i == len(ps)-1:
			out = append(out, literal(d.Words.Say(locale, last, nil)))
		default:
			out = append(out, literal(d.Words.Say(locale, "list.comma", nil)))
		}
		out = append(out, p)
	}
	return out
}

// duration words a length of time in the largest unit that divides it.
func (d render) duration(locale string, t time.Duration) string { return d.Words.duration(locale, t) }

// roughly words how long something has lasted, in one unit.
func (d render) roughly(locale string, t time.Duration) string {
	switch {
	case t < time.Minute:
		return d.Words.Say(locale, "duration.moment", nil)
	case t < 2*time.Hour:
		return d.duration(locale, t.Truncate(time.Minute).Round(time.Minute))
	case t < 48*time.Hour:
		return d.duration(locale, t.Truncate(time.Hour))
	}
	return d.duration(locale, t.Truncate(24*time.Hour))
}

// guest is the guest's name, e-mail address and company in one line, or how many
// guests there are.
func (d render) guest(locale string, r approvals.Request) Phrase {
	switch {
	case !r.Erased.IsZero():
		return Phrase{literal(d.guestName(locale, r))}
	case len(r.Guests) > 0:
		return Phrase{Bold(d.guestName(locale, r))}
	}
	return d.guestLine(locale, r.Guest, maxName, maxEmail)
}

// guestLine is the same of one guest, with at most so many characters of the name,
// of the company and of the address.
func (d render) guestLine(locale string, g approvals.Guest, most, mostEmail int) Phrase {
	return d.Words.phrase(locale, "guest.line", Args{
		"name": Bold(cut(enclosed(g.Name), most)), "email": shortAddress(g.Email, mostEmail),
		"company": cut(enclosed(g.Company), most), "address": addressed(g),
	})
}

// guestName is what to call the guest, as long as it is known.
func (d render) guestName(locale string, r approvals.Request) string {
	switch {
	case !r.Erased.IsZero():
		return d.Words.Say(locale, "guest.erased", nil)
	case len(r.Guests) > 0:
		return d.Words.Say(locale, "guest.several", Args{"count": len(r.Guests)})
	}
	if addressed(r.Guest) {
		return cut(typed(r.Guest.Email), maxEmail)
	}
	return cut(enclosed(r.Guest.Name), maxName)
}

// addressed reports a name that looks like an address: the guest is called by
// their own one, so that nobody takes the name for it.
func addressed(g approvals.Guest) bool { return strings.ContainsAny(typed(g.Name), "@＠") }

// lasts says how long the access is for: a length before the approval, a day after it.
func (d render) lasts(locale string, r approvals.Request) Phrase {
	if !r.Until.IsZero() {
		return d.Words.phrase(locale, "lasts.until", Args{"until": day(r.Until)})
	}
	return d.length(locale, r.Terms())
}

// length says how long access by these terms lasts.
func (d render) length(locale string, t approvals.Terms) Phrase {
	switch {
	case t.OpenEnded:
		return d.Words.phrase(locale, "lasts.ever", nil)
	case !t.Ends.IsZero():
		return d.Words.phrase(locale, "lasts.until", Args{"until": day(t.Ends)})
	case t.For > 0:
		return d.Words.phrase(locale, "lasts.for", Args{"for": d.duration(locale, t.For)})
	}
	return d.Words.phrase(locale, "lasts.ever", nil)
}

// shownText is a text of the policy or of a person, cut to one line of a card.
func shownText(s string) string { return cut(typed(s), maxName) }

// key is a state or an event as its sentences are called in the catalogue.
func key(s string) string { return strings.ReplaceAll(s, " ", "_") }
