package bot

import (
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
		return asPlain(w.refusal(locale, r))
	}
	return asMarkup(w.refusal(locale, r))
}

// Refused returns the refusal as a message for one person.
func (w *Words) Refused(locale string, r *approvals.Refusal) Message {
	return notice(w.refusal(locale, r))
}

func (w *Words) refusal(locale string, r *approvals.Refusal) []piece {
	args := Args{"foreign": foreign(r.Args["character"]), "id": "", "by": "", "at": "", "until": "", "how": "", "domain": "", "access": "", "character": "", "limit": "", "state": ""}
	for name, value := range r.Args {
		args[name] = refusalArg(name, value)
	}
	if s, ok := r.Args["state"]; ok {
		args["state"] = w.Say(locale, "state."+key(s), nil)
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
func refusalArg(name, value string) any {
	switch name {
	case "by":
		return Mention(value)
	case "how":
		return template(value)
	case "at", "until":
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
