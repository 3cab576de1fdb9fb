package bot

import (
	"testing"

	"partnerbot/approvals"
)

// TestWhatTheDeskSaysIsNeverMarkup: what it says once, under cards, to the
// requester and to admins, and the later entries of a story.
func TestWhatTheDeskSaysIsNeverMarkup(t *testing.T) {
	for kind, text := range hostile {
		t.Run(kind, func(t *testing.T) {
			d := look(t).naming(map[string]string{"U0ANN": text})
			for name, r := range turns() {
				harmless(t, name, d.Milestone("en", wicked(r, text), milestones(r)[len(milestones(r))-1]))
			}
			for name, r := range callsOf() {
				harmless(t, name, d.Call("en", wicked(r, text), r.Calls[0], []string{"U0SAM"}))
			}
			for _, key := range []string{approvals.WideStranded + text, approvals.WidePolicy} {
				harmless(t, key, d.Incident("en", approvals.Incident{Key: key, Since: nine, Version: 1, Trouble: approvals.Trouble{Text: text, Code: text}}))
			}
			trail := laterTrail()
			for i := range trail {
				trail[i].Words = text
				if i%2 == 0 {
					trail[i].Detail += ": " + text
				}
			}
			for i := range trail {
				harmless(t, trail[i].Event, d.Story("en", wicked(asked(), text), trail[i:i+1]))
			}
			harmless(t, "a long story", d.Story("en", wicked(asked(), text), append(trail, trail...)))
		})
	}
}

// wicked is a poisoned request, in its talk as well.
func wicked(r approvals.Request, text string) approvals.Request {
	r = poisoned(r, text)
	r.Talk = append([]approvals.Exchange{}, r.Talk...)
	for i := range r.Talk {
		r.Talk[i].Question, r.Talk[i].Answer = text, text
	}
	for i := range r.Guests {
		r.Guests[i] = approvals.Guest{Email: text, Name: text}
	}
	for i := range r.Edits {
		r.Edits[i].Was.Reason, r.Edits[i].Was.Name = text, text+"x"
	}
	return r
}
