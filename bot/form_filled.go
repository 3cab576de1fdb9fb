package bot

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerbot/approvals"
)

// What may be chosen instead of a length of time.
const (
	forDate = "date" // a day, which a field of its own asks for
	forEver = "ever"
)

// The block IDs of inputs that are no field of a draft.
const (
	blockFile  = "file"
	blockEach  = "each"
	blockFacts = "facts"
)

// What is chosen in blockEach.
const (
	eachAlone    = "each"
	eachTogether = "together"
)

// Form is what an invitation form holds, and what is known around it. What the
// policy does not offer is left unchosen.
type Form struct {
	Email, Name, Company string
	Access               string // ID
	For                  string // Go duration, e.g. 720h0m0s, or forDate or forEver
	Ends                 string // the day of forDate, 2026-12-31
	Reason               string
	Answers              map[string]string // by the IDs of the questions

	Guests string // of the form for several: a line for each
	Rest   string // the lines that the form has no room for
	Each   bool   // and each is decided by itself

	Offered []string   // IDs of the accesses that this person may ask for; nil: not known, so all
	Known   *Preflight // what is known by now of this request; nil: nothing
	Checked *Roll      // what is known of the list of guests; nil: nothing

	actions map[string]string // action IDs of the inputs that are there already, by their blocks
	typing  string            // the block that somebody is typing in
	usual   usual             // what was chosen for the guest's organisation, and by nobody
	crowded bool              // it was to become the form for one guest, and has more in it
}

// filled is what was typed and chosen in a form so far.
func filled(v view) Form {
	f := Form{
		Email: v.text(string(approvals.FieldEmail)), Name: v.text(string(approvals.FieldName)), Company: v.text(string(approvals.FieldCompany)),
		Access: v.text(string(approvals.FieldAccess)), For: v.text(string(approvals.FieldFor)), Ends: v.date(string(approvals.FieldEnds)),
		Reason: v.text(string(approvals.FieldReason)), Guests: v.text(string(approvals.FieldGuests)), Each: v.text(blockEach) == eachAlone,
		actions: map[string]string{},
	}
	if v.Callback == CallbackInvite {
		f.usual = readUsual(v.Metadata)
	}
	for block, inputs := range v.State.Values {
		for id, in := range inputs {
			f.actions[block] = id
			if question, ok := strings.CutPrefix(block, string(approvals.FieldQuestion(""))); ok {
				f = f.answered(question, firstOf(in.Date, in.Selected.Value, in.Value))
			}
		}
	}
	return f
}

func (f Form) answered(question, value string) Form {
	if value == "" {
		return f
	}
	if f.Answers == nil {
		f.Answers = map[string]string{}
	}
	f.Answers[question] = value
	return f
}

// formFor is a form that holds the terms of a request.
func formFor(r approvals.Request) Form {
	t := r.Terms()
	f := Form{Email: r.Guest.Email, Name: t.Name, Company: t.Company, Access: r.Access.ID, For: t.For.String(), Reason: t.Reason}
	switch {
	case t.OpenEnded:
		f.For = forEver
	case !t.Ends.IsZero():
		f.For, f.Ends = forDate, t.Ends.UTC().Format(time.DateOnly)
	}
	for _, a := range t.Filled {
		f = f.answered(a.ID, a.Value)
	}
	return f
}

// draft is the request that the form asks for. A length that cannot be read is none.
func (f Form) draft(by approvals.Person) approvals.Draft {
	d := approvals.Draft{
		By: by, Email: f.Email, Name: f.Name, Company: f.Company, Access: f.Access, Reason: f.Reason, Answers: maps.Clone(f.Answers),
	}
	switch f.For {
	case forEver:
		d.OpenEnded = true
	case forDate:
		d.ByDate, d.Ends = true, endOf(f.Ends)
	default:
		lasts, err := time.ParseDuration(f.For)
		if err != nil {
			lasts = -1
		}
		d.For = lasts
	}
	return d
}

// endOf is the last moment of a day, zero if it is none.
func endOf(day string) time.Time {
	begins, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}
	}
	return approvals.EndOf(begins)
}

// access is the chosen one, if the policy has it.
func (f Form) access(p *approvals.Policy) (approvals.Access, bool) { return p.Access(f.Access) }

// offers are the accesses that the form lets this person choose.
func (f Form) offers(p *approvals.Policy) []approvals.Access {
	if f.Offered == nil {
		return p.Accesses
	}
	return slices.DeleteFunc(slices.Clone(p.Accesses), func(a approvals.Access) bool { return !slices.Contains(f.Offered, a.ID) })
}

// preset chooses what nobody has chosen yet: the only access there is, or what
// the guest's organisation usually gets.
func (f Form) preset(p *approvals.Policy) Form {
	offers := f.offers(p)
	offered := func(id string) bool {
		return slices.ContainsFunc(offers, func(a approvals.Access) bool { return a.ID == id })
	}
	_, domain, err := approvals.ParseAddress(f.Email)
	known, ok := p.Partner(domain)
	if err != nil || !ok {
		known = approvals.Partner{}
	}
	differs := known.Access != f.Access && offered(known.Access)
	switch {
	case f.Access != "" && (f.Access != f.usual.access || !differs):
	case len(offers) == 1:
		f = f.choose(approvals.FieldAccess, offers[0].ID)
	case offered(known.Access):
		f = f.choose(approvals.FieldAccess, known.Access)
		f.usual.access = known.Access
	}
	a, _ := f.access(p)
	usually := f.Access == known.Access && f.allows(a, known.For.String())
	switch {
	case f.For != "" && f.allows(a, f.For) && (f.For != f.usual.length || !usually || f.For == known.For.String()):
	case usually:
		f = f.choose(approvals.FieldFor, known.For.String())
		f.usual.length = known.For.String()
	case len(lengths(a)) == 1:
		f = f.choose(approvals.FieldFor, lengths(a)[0])
	default:
		f.For = ""
	}
	return f
}

// usual is what a form chose by itself for the guest's organisation. It goes along
// with the form, so that another address changes it as long as nobody has chosen.
type usual struct{ access, length string }

func (u usual) write() string {
	if u == (usual{}) {
		return ""
	}
	return u.length + " " + u.access
}

func readUsual(s string) usual {
	length, access, _ := strings.Cut(s, " ")
	return usual{access: access, length: length}
}

// touched is what is left of it once somebody used an input.
func (u usual) touched(action string) usual {
	switch name := baseAction(action); {
	case name == ActionForm+":"+string(approvals.FieldAccess):
		return usual{}
	case strings.HasPrefix(name, ActionForm+":"+string(approvals.FieldFor)):
		u.length = ""
	}
	return u
}

// lengths are the values of what an access can be asked for.
func lengths(a approvals.Access) []string {
	var out []string
	for _, t := range a.Durations {
		out = append(out, t.String())
	}
	if a.Longest > 0 {
		out = append(out, forDate)
	}
	if a.OpenEnded {
		out = append(out, forEver)
	}
	return out
}

func (f Form) allows(a approvals.Access, length string) bool {
	return slices.Contains(lengths(a), length)
}

// choose sets a select that somebody may be looking at: Slack keeps what an
// input holds as long as its IDs stay the same, so it begins anew under another.
func (f Form) choose(field approvals.Field, value string) Form {
	f.actions = maps.Clone(f.actions)
	if was, there := f.actions[string(field)]; there {
		f.actions[string(field)] = next(was)
	}
	switch field {
	case approvals.FieldAccess:
		f.Access = value
	case approvals.FieldFor:
		f.For = value
	case approvals.FieldGuests:
		f.Guests = value
	case approvals.FieldEmail, approvals.FieldName, approvals.FieldCompany, approvals.FieldEnds, approvals.FieldGrants,
		approvals.FieldReason, approvals.FieldAnswer, approvals.FieldChoose: // are never set for somebody
	}
	return f
}

// next is an action ID for an input that begins anew.
func next(id string) string {
	base, number, _ := strings.Cut(id, "#")
	n, err := strconv.Atoi(number)
	if err != nil {
		n = 0
	}
	return base + "#" + strconv.Itoa(n+1)
}

// action is the ID of a block's input: the one that it has, if it is the same input.
func (f Form) action(block, base string) string {
	if is := f.actions[block]; baseAction(is) == base {
		return is
	}
	return base
}
