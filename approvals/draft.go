package approvals

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// How much may be typed. Entra takes 64 characters of company; the rest keeps a
// card readable.
const (
	MaxName    = 100
	MaxCompany = 64
	MaxReason  = 1000
)

// Draft is a request as its requester typed it.
type Draft struct {
	By      Person // as Slack describes the requester
	Email   string
	Name    string
	Company string
	Access  string // ID
	For     time.Duration
	Reason  string
}

// Check reads a draft by the policy. Every field that is wrong is named in the
// Refusals; of the typed text only what nobody can see is left out.
func (p *Policy) Check(d Draft) (Guest, Access, error) {
	var wrong Refusals
	note := func(err error) {
		if r, ok := errors.AsType[*Refusal](err); ok {
			wrong = append(wrong, r)
		}
	}
	address, domain, err := ParseAddress(d.Email)
	note(err)
	if err == nil {
		note(p.checkDomain(domain, d.By))
	}
	d = d.clean()
	note(checkText(FieldName, d.Name, MaxName, ErrNameMissing))
	note(checkText(FieldCompany, d.Company, MaxCompany, nil))
	access, ok := p.Access(d.Access)
	switch {
	case !ok:
		note(ErrAccessUnknown)
	case !slices.Contains(access.Durations, d.For):
		note(ErrForUnknown.With("access", access.Title))
	}
	note(checkText(FieldReason, d.Reason, MaxReason, ErrReasonMissing))
	if len(wrong) > 0 {
		return Guest{}, Access{}, wrong
	}
	return Guest{Email: address, Name: d.Name, Company: d.Company}, access, nil
}

// openToAll are mail providers where anybody has an address, so that sharing the
// domain does not make two people colleagues.
var openToAll = []string{
	"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com",
	"icloud.com", "me.com", "aol.com", "gmx.com", "gmx.net", "gmx.de", "web.de", "mail.com", "mail.ru",
	"yandex.ru", "proton.me", "protonmail.com", "naver.com", "daum.net", "hanmail.net", "qq.com", "163.com",
}

// checkDomain refuses colleagues and blocked organisations. The requester's own
// mail domain is the company's, whatever the configuration forgot, unless it is
// of a mail provider that anybody can use.
func (p *Policy) checkDomain(domain string, by Person) error {
	_, mine, _ := cutLast(strings.ToLower(by.Email), "@")
	if slices.Contains(openToAll, mine) {
		mine = ""
	}
	switch {
	case p.own(domain, mine):
		return ErrOwnDomain.With("domain", domain)
	case p.blocked(domain):
		return ErrBlockedDomain.With("domain", domain)
	}
	return nil
}

func checkText(f Field, text string, limit int, missing *Refusal) error {
	if !visible(text) && missing != nil {
		return missing
	}
	if utf8.RuneCountInString(text) > limit {
		return tooLong(f, limit)
	}
	return nil
}

func tooLong(f Field, limit int) *Refusal {
	r := ErrTooLong.With("limit", strconv.Itoa(limit))
	r.Field = f
	return r
}

// Open makes the first version of a request: pending, with the policy of its
// access copied into it, its card, its message and its clock owed.
func Open(id RequestID, by PersonID, g Guest, a Access, d Draft, now time.Time) Change {
	r := Request{
		ID: id, Tag: newTag(now), Version: 1, State: Pending, Requester: by, Guest: g, Access: a, For: d.For,
		Reason: cleanText(d.Reason), Opened: now, Changed: now,
	}
	r.Deadline = now.Add(r.CurrentStage().Deadline)
	return Change{
		Request: r,
		Entries: []Entry{opening(r)},
		Owed:    []Owing{{Kind: WorkCards}, {Kind: WorkDirect}, {Kind: WorkClock, Due: r.Deadline}},
	}
}

// RefuseTwin says why a second request for the same guest and access is not made.
func RefuseTwin(live Request) *Refusal {
	args := about(ErrAlreadyIn, live)
	if live.State == Pending {
		args = about(ErrAlreadyPending, live)
	}
	args = args.With("access", live.Access.Title).With("state", string(live.State))
	if !live.Until.IsZero() {
		args = args.With("until", unix(live.Until))
	}
	return args
}
