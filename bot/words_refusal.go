package bot

import (
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"partnerbot/approvals"
)

// Refusal returns the sentence for a refusal. One that belongs to a form field
// comes as plain text, because Slack shows errors at fields as they are; every
// other comes as mrkdwn with live mentions and times.
func (w *Words) Refusal(locale string, r *approvals.Refusal) string {
	if r.Field != "" {
		return asPlain(w.refusal(locale, r.With("admins", ""))) // an ID means nothing to anybody
	}
	return asMarkup(w.refusal(locale, r))
}

// Refused returns the refusal as a message for one person.
func (w *Words) Refused(locale string, r *approvals.Refusal) Message {
	return notice(w.refusal(locale, r))
}

func (w *Words) refusal(locale string, r *approvals.Refusal) []piece {
	args := Args{
		"foreign": foreign(r.Args["character"]), "id": "", "by": "", "at": "", "until": "", "how": "", "domain": "", "access": "", "character": "",
		"limit": "", "state": "", "longest": "", "latest": "", "rule": "", "sentence": "", "label": "", "stage": "", "admins": "", "n": "", "line": "",
		"text": "", "why": "", "called": "", "column": "",
	}
	for name, value := range r.Args {
		args[name] = w.refusalArg(locale, name, value)
	}
	if s, ok := r.Args["state"]; ok {
		args["state"] = w.Say(locale, "state."+key(s), nil)
	}
	if code := r.Args["code"]; code != "" && code != string(r.Code) { // what is wrong with one of several guests
		why := approvals.Refusal{Code: approvals.Code(code), Args: maps.Clone(r.Args)}
		delete(why.Args, "code")
		args["why"] = Phrase(w.refusal(locale, &why))
	}
	return w.phrase(locale, "refusal."+string(r.Code), args)
}

// foreign reports a character that addresses cannot have as it is, but may have
// in another spelling.
func foreign(character string) bool {
	return strings.ContainsFunc(character, func(r rune) bool { return r >= utf8.RuneSelf })
}

// template is an argument that a sentence chooses its words by.
type template string

// refusalArg gives an argument of a refusal its meaning.
func (w *Words) refusalArg(locale, name, value string) any {
	switch name {
	case "by":
		return Mention(value)
	case "admins":
		return w.admins(locale, value)
	case "how":
		return template(value)
	case "longest":
		t, err := time.ParseDuration(value)
		if err != nil {
			return ""
		}
		return w.duration(locale, t)
	case "at", "until", "latest":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return ""
		}
		if name == "at" {
			return minute(time.Unix(n, 0))
		}
		return day(time.Unix(n, 0))
	}
	return value
}

// admins are the people and user groups to ask, as approvals lists them.
func (w *Words) admins(locale, ids string) Phrase {
	const most = 3
	var who Phrase
	for i, id := range strings.Split(ids, ",") {
		var p piece = Mention(id)
		if approvals.IsGroup(id) {
			p = GroupMention(id)
		}
		switch {
		case p.empty() || i >= most:
			continue
		case i > 0:
			who = append(who, literal(w.Say(locale, "list.or", nil)))
		}
		who = append(who, p)
	}
	return who
}

// edition is the one that somebody saw whose press came too late for it.
func edition(r *approvals.Refusal) int {
	n, err := strconv.Atoi(r.Args["edition"])
	if err != nil {
		return 0
	}
	return n
}

// duration words a length of time in the largest unit that divides it.
func (w *Words) duration(locale string, t time.Duration) string {
	switch {
	case t >= 24*time.Hour && t%(24*time.Hour) == 0:
		return w.Say(locale, "duration.days", Args{"count": int(t / (24 * time.Hour))})
	case t >= time.Hour && t%time.Hour == 0:
		return w.Say(locale, "duration.hours", Args{"count": int(t / time.Hour)})
	}
	return w.Say(locale, "duration.minutes", Args{"count": int(t / time.Minute)})
}
