package bot

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
	"partnerbot/sandbox"
)

// called is a request with cards and one call of a kind.
func (h *town) called(t *testing.T, s approvals.Stage, kind approvals.CallKind, change func(*approvals.Request)) approvals.Request {
	t.Helper()
	r := h.stage(s)
	if change != nil {
		change(&r)
	}
	r = h.cards(t, r)
	r.Calls = append(r.Calls, approvals.Call{Kind: kind, By: ann, At: nine.Add(time.Hour)})
	h.forward(time.Hour)
	return r
}

// thread says what is unsaid, as a store keeps what came of it.
func (h *town) thread(t *testing.T, r approvals.Request) approvals.Request {
	t.Helper()
	said, err := h.desk.Thread(t.Context(), r, h.note)
	if err != nil {
		t.Fatal(err)
	}
	r.Shown.Said = append(r.Shown.Said, said...)
	return r
}

// replies are what was said below a card of the request, each as who it pings.
func (h *town) replies(channel string) []string {
	var out []string
	for _, m := range h.ours(channel) {
		if m.ThreadTS != "" {
			out = append(out, strings.Join(m.Pings, " "))
		}
	}
	return out
}

func escalation(e approvals.Escalation) func(*approvals.Request) {
	return func(r *approvals.Request) {
		r.Access.Stages[0].Escalate, r.Escalated = &e, nine.Add(30*time.Minute)
	}
}

// TestACallIsSaidOnceToThoseWhoCanAct and to nobody else, under the right card.
func TestACallIsSaidOnceToThoseWhoCanAct(t *testing.T) {
	voted := func(r *approvals.Request) {
		r.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Approve, At: nine}}
	}
	delegated := func(r *approvals.Request) {
		r.Votes = []approvals.Vote{{By: omar, For: sam, Verdict: approvals.Approve, At: nine}}
	}
	asked := func(by approvals.PersonID) func(*approvals.Request) {
		return func(r *approvals.Request) {
			r.Calls = []approvals.Call{{Kind: approvals.CallAnswered, By: by, At: nine.Add(time.Hour)}}
			r.Talk = []approvals.Exchange{{By: by, Question: "Which?", At: nine, Answer: "The hull.", Answered: nine.Add(time.Hour)}}
		}
	}
	both := func(changes ...func(*approvals.Request)) func(*approvals.Request) {
		return func(r *approvals.Request) {
			for _, change := range changes {
				change(r)
			}
		}
	}
	group := approvals.Stage{Channel: "C0FALCON", Approvers: []string{"S0FALCON", "U0SAM", "U0ANN"}}
	people := approvals.Stage{Approvers: []string{"U0SAM", "S0FALCON", "U0OLGA"}}
	higher := escalation(approvals.Escalation{Channel: "C0HERON", Approvers: []string{"S0HERON"}})
	direct := escalation(approvals.Escalation{Approvers: []string{"U0ADA", "U0BEN"}})
	same := escalation(approvals.Escalation{Channel: "C0FALCON", Approvers: []string{"U0ADA"}})
	tests := []struct {
		name   string
		stage  approvals.Stage
		kind   approvals.CallKind
		change func(*approvals.Request)
		want   map[string]string // by channel, or by whose messages: whom it pings
	}{
		{"a reminder in a channel", group, approvals.CallRemind, nil, map[string]string{"C0FALCON": "S0FALCON U0SAM"}},
		{"a reminder spares whoever has decided", group, approvals.CallRemind, voted, map[string]string{"C0FALCON": "S0FALCON"}},
		{"and whoever let another decide", group, approvals.CallRemind, delegated, map[string]string{"C0FALCON": "S0FALCON"}},
		{"a reminder to each", people, approvals.CallRemind, nil, map[string]string{"U0SAM": "U0SAM", "U0OLGA": "U0OLGA"}},
		{"a reminder to the rest", people, approvals.CallRemind, voted, map[string]string{"U0OLGA": "U0OLGA"}},
		{"a reminder after an escalation", group, approvals.CallRemind, higher, map[string]string{"C0FALCON": "S0FALCON U0SAM", "C0HERON": "S0HERON"}},
		{"a reminder after one to people", group, approvals.CallNudge, direct, map[string]string{"C0FALCON": "S0FALCON U0SAM", "U0ADA": "U0ADA", "U0BEN": "U0BEN"}},
		{"a reminder after one within the channel", group, approvals.CallRemind, same, map[string]string{"C0FALCON": "S0FALCON U0SAM U0ADA"}},
		{"a nudge while somebody is on it", group, approvals.CallNudge, func(r *approvals.Request) {
			r.Claim = &approvals.Claim{By: olga, Until: nine.Add(2 * time.Hour)}
		}, map[string]string{"C0FALCON": "U0OLGA"}},
		{"an escalation", group, approvals.CallEscalate, higher, map[string]string{"C0HERON": "S0HERON"}},
		{"an escalation to people", group, approvals.CallStranded, direct, map[string]string{"U0ADA": "U0ADA", "U0BEN": "U0BEN"}},
		{"an escalation within the channel", group, approvals.CallEscalate, same, map[string]string{"C0FALCON": "U0ADA"}},
		{"an answer", group, "", asked(sam), map[string]string{"C0FALCON": "U0SAM"}},
		{"an answer to one of several", people, "", asked(olga), map[string]string{"U0OLGA": "U0OLGA"}},
		{"an answer to one of the others", group, "", both(higher, asked(approvals.PersonID{User: "U0ADA"})), map[string]string{"C0HERON": "U0ADA"}},
		{"an answer to one of the stage after an escalation", group, "", both(higher, asked(sam)), map[string]string{"C0FALCON": "U0SAM"}},
		{"an answer to one of the others by direct message", group, "", both(direct, asked(approvals.PersonID{User: "U0BEN"})), map[string]string{"U0BEN": "U0BEN"}},
		{"an answer to somebody without a card", people, "", asked(omar), map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newTown(t)
			r := h.called(t, tt.stage, tt.kind, tt.change)
			if tt.kind == "" {
				r.Calls = r.Calls[:1]
			}
			r = h.thread(t, r)
			h.thread(t, r)
			got := map[string]string{}
			for _, at := range append([]string{"C0FALCON", "C0HERON"}, everybody...) {
				channel := at
				if isPerson(at) {
					channel = h.As(at).DM()
				}
				if said := h.replies(channel); len(said) > 0 {
					got[at] = strings.Join(said, " + ")
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("said (-want +got):\n%s", diff)
			}
			if len(h.CallsOf("conversations.replies")) != 0 || len(r.Shown.Said) != 1 || r.Shown.Said[0].What != r.Calls[0].Name() {
				t.Errorf("said %v", r.Shown.Said)
			}
		})
	}
}

// TestWhatIsPointlessCountsAsSaid and is not said.
func TestWhatIsPointlessCountsAsSaid(t *testing.T) {
	stage := approvals.Stage{Channel: "C0FALCON", Approvers: []string{"U0SAM"}}
	tests := map[string]func(*town, *approvals.Request){
		"two days old":         func(h *town, _ *approvals.Request) { h.forward(48 * time.Hour) },
		"of another stage":     func(_ *town, r *approvals.Request) { r.Stage = 1 },
		"of a request decided": func(_ *town, r *approvals.Request) { r.State = approvals.Denied },
		"repeated by a later one": func(_ *town, r *approvals.Request) {
			r.Calls = append(r.Calls, approvals.Call{Kind: approvals.CallRemind, At: nine})
		},
		"to those who all decided": func(_ *town, r *approvals.Request) { r.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Approve}} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			h := newTown(t)
			r := h.called(t, stage, approvals.CallNudge, nil)
			change(h, &r)
			r = h.thread(t, r)
			said := h.replies("C0FALCON")
			if len(r.Shown.Said) != len(r.Calls) || len(said) != len(r.Calls)-1 {
				t.Errorf("said %v, %q", r.Shown.Said, said)
			}
		})
	}
	h := newTown(t)
	r := h.called(t, stage, approvals.CallEscalate, escalation(approvals.Escalation{Channel: "C0FALCON", Approvers: []string{"U0ADA"}}))
	r.Calls = append(r.Calls, approvals.Call{Kind: approvals.CallRemind, At: nine.Add(time.Hour)})
	if h.thread(t, r); len(h.replies("C0FALCON")) != 2 {
		t.Errorf("a reminder is no escalation: %q", h.replies("C0FALCON"))
	}
}

// TestACallWaitsForItsCard and asks Slack nothing meanwhile.
func TestACallWaitsForItsCard(t *testing.T) {
	for _, s := range []approvals.Stage{{Channel: "C0FALCON", Approvers: []string{"U0SAM"}}, {Approvers: []string{"U0SAM"}}} {
		h := newTown(t)
		r := h.called(t, s, approvals.CallRemind, nil)
		r.Shown.Cards = nil
		before := len(h.Calls())
		said, err := h.desk.Thread(t.Context(), r, h.note)
		trouble, ok := errors.AsType[*approvals.Trouble](err)
		if !ok || trouble.Kind != approvals.Later || len(said) != 0 || len(h.Calls()) != before {
			t.Errorf("%v, said %v, %d calls", err, said, len(h.Calls())-before)
		}
	}
}

// TestALostAnswerMakesNoSecondReply however many cards it is said under.
func TestALostAnswerMakesNoSecondReply(t *testing.T) {
	h := newTown(t)
	r := h.called(t, approvals.Stage{Approvers: []string{"U0SAM", "U0OLGA", "U0BEN"}}, approvals.CallRemind, nil)
	h.Fail("chat.postMessage", sandbox.Fault{Cut: true, AfterEffect: true})
	said, err := h.desk.Thread(t.Context(), r, h.note)
	if err == nil || len(said) != 2 {
		t.Fatalf("%v, said %v", err, said)
	}
	r.Shown.Said = said
	posts := len(h.CallsOf("chat.postMessage"))
	r = h.thread(t, r)
	if n := len(h.CallsOf("chat.postMessage")); n != posts {
		t.Errorf("%d more posts", n-posts)
	}
	for _, user := range []string{"U0SAM", "U0OLGA", "U0BEN"} {
		if got := h.replies(h.As(user).DM()); len(got) != 1 {
			t.Errorf("%s: %q", user, got)
		}
	}
	if !r.Shown.HasSaid(r.Calls[0].Name()) || len(h.CallsOf("conversations.replies")) != 1 {
		t.Errorf("said %v, %d look-ups", r.Shown.Said, len(h.CallsOf("conversations.replies")))
	}
}

// TestOneChannelInTroubleKeepsNoReplyFromAnother and it is tried on.
func TestOneChannelInTroubleKeepsNoReplyFromAnother(t *testing.T) {
	h := newTown(t)
	r := h.called(t, approvals.Stage{Channel: "C0FALCON", Approvers: []string{"U0SAM"}}, approvals.CallRemind,
		escalation(approvals.Escalation{Channel: "C0HERON", Approvers: []string{"S0HERON"}}))
	h.Archive("C0FALCON")
	said, err := h.desk.Thread(t.Context(), r, h.note)
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok || trouble.Wide != approvals.WideChannel+"C0FALCON" || len(h.replies("C0HERON")) != 1 || slices.ContainsFunc(said, func(s approvals.Said) bool { return s.What == r.Calls[0].Name() }) {
		t.Errorf("%v, said %v", err, said)
	}
	r.Shown.Said = said
	h.Unarchive("C0FALCON")
	h.SetMembers("C0FALCON", sandbox.BotUser)
	h.thread(t, r)
	if len(h.replies("C0HERON")) != 1 || len(h.replies("C0FALCON")) != 1 {
		t.Errorf("%q and %q", h.replies("C0HERON"), h.replies("C0FALCON"))
	}
}

func TestAReplyToTheCardSaysTheAnswerAndNoLink(t *testing.T) {
	h := newTown(t)
	r := h.called(t, approvals.Stage{Channel: "C0FALCON", Approvers: []string{"U0SAM"}}, approvals.CallAnswered, func(r *approvals.Request) {
		r.Talk = []approvals.Exchange{{By: sam, Question: "Which?", At: nine, Answer: "The <hull> & more.", Answered: nine.Add(time.Hour)}}
	})
	r.Calls[0].By = sam
	h.thread(t, r)
	all := h.ours("C0FALCON")
	if last := all[len(all)-1]; !strings.Contains(last.Plain(), "The <hull> & more.") || strings.Contains(last.Plain(), "@Ann") {
		t.Errorf("said %q", last.Plain())
	}
}

// TestWhoCannotBeToldKeepsNobodyWaiting: Slack will never let us reach them.
func TestWhoCannotBeToldKeepsNobodyWaiting(t *testing.T) {
	c := openCounter(t)
	c.script["chat.postMessage"] = []string{`{"ok":false,"error":"cannot_dm_bot"}`}
	r := stories()["pending"]
	r.Access.Stages = []approvals.Stage{{Name: "Sponsor", Approvers: []string{"U0SAM", "U0OLGA"}, Quorum: 1}}
	r.Shown.Cards = []approvals.Posted{{Channel: "D0SAM", TS: "1.1", To: "U0SAM"}, {Channel: "D0OLGA", TS: "1.2", To: "U0OLGA"}}
	r.Calls = []approvals.Call{{Kind: approvals.CallRemind, At: nine}}
	said, err := c.desk(t).Thread(t.Context(), r, noNote)
	if err != nil || len(said) != 1 || said[0].What != r.Calls[0].Name() || c.trace() != "postMessage D0SAM1.1; postMessage D0OLGA1.2" {
		t.Errorf("%v, said %v, asked %q", err, said, c.trace())
	}
}

// TestWhoGetsACardLaterIsNotRemindedOfIt: it is news enough.
func TestWhoGetsACardLaterIsNotRemindedOfIt(t *testing.T) {
	h := newTown(t)
	r := h.called(t, approvals.Stage{Approvers: []string{"U0SAM", "U0OLGA"}}, approvals.CallRemind, nil)
	r.Shown.Cards = r.Shown.Cards[:1]
	r = h.thread(t, r)
	if len(h.replies(h.As("U0SAM").DM())) != 1 || len(h.replies(h.As("U0OLGA").DM())) != 0 || !r.Shown.HasSaid(r.Calls[0].Name()) {
		t.Errorf("said %v", r.Shown.Said)
	}
}
