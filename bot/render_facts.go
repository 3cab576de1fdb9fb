package bot

import (
	"slices"

	"partnerbot/approvals"
)

// The ways of looking alike that there are words for.
var likenesses = []string{"changed", "missing", "added", "swapped", "homoglyph", "punycode", "ending", "word", "subdomain"}

// warnings are what speaks for a second look, the gravest first, in a line each.
func (d render) warnings(locale string, r approvals.Request) [][]piece {
	var lines [][]piece
	warn := func(id string, args Args) { lines = append(lines, d.Words.phrase(locale, id, args)) }
	all := factsOf(r)
	for _, f := range all {
		if f.Like != nil {
			warn("warn.like", Args{
				"domain": Bold(shownDomain(f.Domain)), "known": Bold(shownDomain(f.Like.Domain)), "how": d.alike(locale, *f.Like),
			})
		}
	}
	if t := r.Facts.Tenant; t != nil && t.Account && len(r.Guests) == 0 {
		switch {
		case !t.Guest:
			warn("warn.colleague", Args{"email": d.email(r)})
		case t.Disabled:
			warn("warn.disabled", Args{"guest": d.guestName(locale, r)})
		}
	}
	for _, f := range all {
		lines = append(lines, d.doubts(locale, f)...)
	}
	return lines
}

// doubts are what speaks against a domain itself.
func (d render) doubts(locale string, f approvals.Facts) [][]piece {
	var lines [][]piece
	domain := Bold(shownDomain(f.Domain))
	warn := func(id string, args Args) { lines = append(lines, d.Words.phrase(locale, id, args)) }
	switch {
	case f.Disposable:
		warn("warn.disposable", Args{"domain": domain})
	case f.FreeMail && f.Partner == "":
		warn("warn.free_mail", Args{"domain": domain})
	}
	if f.Treat == approvals.Warned {
		warn("warn.policy", Args{"domain": domain, "partner": cut(typed(f.Partner), shortName), "unknown": f.Partner == ""})
	}
	return lines
}

// alike says what differs between two domains that look the same.
func (d render) alike(locale string, is approvals.Likeness) Phrase {
	kind := is.Kind
	if !slices.Contains(likenesses, kind) {
		kind = "other"
	}
	return d.Words.phrase(locale, "like."+kind, Args{"detail": cut(typed(is.Detail), shortName)})
}

// email is the guest's address, cut so that its domain stays whole.
func (d render) email(r approvals.Request) string { return shortAddress(r.Guest.Email, shortEmail) }

// organisations says whose guests they are. Those of several organisations have a
// short line each, the unknown ones first.
func (d render) organisations(locale string, r approvals.Request) [][]piece {
	all := factsOf(r)
	if len(all) == 1 {
		return [][]piece{d.organisation(locale, all[0])}
	}
	const most = 3
	slices.SortStableFunc(all, func(a, b approvals.Facts) int { return min(len(a.Partner), 1) - min(len(b.Partner), 1) })
	var out [][]piece
	for i, f := range all {
		if i == most-1 && len(all) > most {
			return append(out, d.Words.phrase(locale, "fact.others", Args{"count": len(all) - i}))
		}
		out = append(out, d.Words.phrase(locale, "fact.brief", Args{
			"domain": Bold(shownDomain(f.Domain)), "partner": cut(typed(f.Partner), shortName), "live": f.Here.Live, "base": baseOf(f),
			"first": f.Here.Pending+f.Here.Live+f.Here.Before == 0,
		}))
	}
	return out
}

// factsOf are the facts of every organisation whose guests are asked for.
func factsOf(r approvals.Request) []approvals.Facts {
	if len(r.FactsOf) == 0 {
		return []approvals.Facts{r.Facts}
	}
	return slices.Clone(r.FactsOf)
}

// organisation says whose guest it is: what is known of them, and how many of
// their people are here. What Entra has not told costs no word.
func (d render) organisation(locale string, f approvals.Facts) []piece {
	if f.Domain == "" || f.FreeMail && f.Partner == "" { // an address that anybody can have is nobody's
		return nil
	}
	line := d.Words.phrase(locale, "fact.who", Args{"partner": Bold(cut(typed(f.Partner), shortName)), "domain": Bold(shownDomain(f.Domain))})
	line = append(line, literal(" "))
	if f.Here.Pending+f.Here.Live+f.Here.Before == 0 {
		line = append(line, d.Words.phrase(locale, "fact.first", Args{"domain": shownDomain(approvals.BaseDomain(f.Domain))})...)
	} else {
		line = append(line, d.Words.phrase(locale, "fact.here", Args{
			"live": f.Here.Live, "active": f.Here.Active, "pending": f.Here.Pending, "before": f.Here.Before, "base": baseOf(f),
		})...)
	}
	if t := f.Tenant; t != nil && t.Trouble == "" {
		line = append(line, literal(" "))
		args := Args{"count": t.Count.Guests, "disabled": t.Count.Disabled, "pending": t.Count.Pending, "least": t.Count.More, "domain": ""}
		if baseOf(f) != "" { // Entra counts by the whole domain
			args["domain"] = shownDomain(f.Domain)
		}
		line = append(line, d.Words.phrase(locale, "fact.tenant", args)...)
	}
	return line
}

// baseOf is the domain that the counts are of, where that is not the guest's own.
func baseOf(f approvals.Facts) string {
	base := approvals.BaseDomain(f.Domain)
	if base == f.Domain {
		return ""
	}
	return shownDomain(base)
}

// guestHere says that Entra has the guest already; nothing while it was not asked.
func (d render) guestHere(locale string, r approvals.Request) []piece {
	t := r.Facts.Tenant
	if t == nil || !t.Account || !t.Guest || t.Disabled || len(r.Guests) > 0 {
		return nil
	}
	return d.Words.phrase(locale, "fact.guest", Args{"guest": d.guestName(locale, r), "pending": t.Pending})
}

// lastDecisions are what became of the newest requests for the organisation.
func (d render) lastDecisions(locale string, f approvals.Facts, most int) []piece {
	var list []piece
	for _, last := range f.Here.Last[:min(len(f.Here.Last), most)] {
		id := "last.approved"
		switch last.State {
		case approvals.Denied, approvals.Cancelled, approvals.TimedOut:
			id = "last." + key(string(last.State))
		case approvals.Pending, approvals.Inviting, approvals.Invited, approvals.Active, approvals.Ending,
			approvals.Split, approvals.Ended, approvals.Failed:
		}
		list = append(list, Phrase(d.Words.phrase(locale, id, Args{"id": last.ID, "by": d.bystander(last.By), "at": date(last.At)})))
	}
	if len(list) == 0 {
		return nil
	}
	return d.Words.phrase(locale, "fact.last", Args{"list": d.list(locale, "list.and", list), "base": baseOf(f)})
}

// rulesApplied are the rules of the policy that had a say in the request.
func (d render) rulesApplied(locale string, r approvals.Request) []piece {
	var list []piece
	for _, rule := range r.Rules {
		args := Args{"rule": Bold(shownText(rule.Rule)), "stage": shownText(rule.Added), "longest": "", "approve": rule.Approve}
		if rule.Longest > 0 {
			args["longest"] = d.duration(locale, rule.Longest)
		}
		list = append(list, Phrase(d.Words.phrase(locale, "rule.say", args)))
	}
	if len(list) == 0 {
		return nil
	}
	return d.Words.phrase(locale, "fact.rules", Args{"list": d.list(locale, "list.and", list)})
}

// shownDomain is a domain, of which the end says whose it is.
func shownDomain(domain string) string {
	all := []rune(typed(domain))
	if len(all) <= shortName {
		return string(all)
	}
	return ellipsis + string(all[len(all)-shortName+1:])
}
