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

// everybody of the workspace who could have a message.
var everybody = []string{"U0ANN", "U0BEN", "U0SAM", "U0OLGA", "U0ADA", "U0GUS", "U0VERA", "U0DAN"}

// stage is a request whose first stage looks so.
func (h *town) stage(s approvals.Stage) approvals.Request {
	r := h.request("pending")
	s.Name, s.Quorum, s.Deadline = "Sponsor", 1, 5*24*time.Hour
	r.Access.Stages = []approvals.Stage{s, r.Access.Stages[1]}
	return r
}

// cards shows the cards of a request, as a store keeps what came of it.
func (h *town) cards(t *testing.T, r approvals.Request) approvals.Request {
	t.Helper()
	var err error
	if r.Shown.Cards, err = h.desk.Cards(t.Context(), r, h.note); err != nil {
		t.Fatal(err)
	}
	return r
}

// haveCards are those in whose messages a card is, by user ID.
func (h *town) haveCards() []string {
	return slices.DeleteFunc(slices.Clone(everybody), func(user string) bool {
		return !slices.ContainsFunc(h.ours(h.As(user).DM()), func(m sandbox.Message) bool { return m.ThreadTS == "" })
	})
}

func live(m sandbox.Message) bool { return strings.Contains(m.Plain(), "[Approve]") }

// TestAStageWithoutAChannelGivesEachWhoCanDecideACard: never the requester, bots,
// guests, strangers and those who have left, and nobody two.
func TestAStageWithoutAChannelGivesEachWhoCanDecideACard(t *testing.T) {
	h := newTown(t)
	h.SetGroup("S0FALCON", "U0SAM", "U0OLGA", "U0ANN", "U0GUS", "U0VERA", "U0DAN", sandbox.BotUser)
	r := h.cards(t, h.stage(approvals.Stage{Approvers: []string{"U0BEN", "S0FALCON", "U0SAM", "U0NOBODY"}}))
	if diff := cmp.Diff([]string{"U0BEN", "U0SAM", "U0OLGA"}, h.haveCards()); diff != "" {
		t.Fatalf("cards (-want +got):\n%s", diff)
	}
	for _, p := range r.Shown.Cards {
		if p.Stage != 0 || !isPerson(p.To) || p.Channel != h.As(p.To).DM() || p.Version != r.Version {
			t.Errorf("shown %+v", p)
		}
	}
	if h.cards(t, r); len(h.CallsOf("chat.getPermalink")) != 0 { // nobody can delete what we write to them
		t.Error("messages to people are looked after")
	}
	h.SetGroup("S0FALCON", "U0ADA", "U0SAM")
	h.forward(time.Minute)
	posts := len(h.CallsOf("chat.postMessage"))
	r.Version++
	r = h.cards(t, r)
	if diff := cmp.Diff([]string{"U0BEN", "U0SAM", "U0OLGA", "U0ADA"}, h.haveCards()); diff != "" || len(h.CallsOf("chat.postMessage")) != posts+1 {
		t.Fatalf("%d posts, cards (-want +got):\n%s", len(h.CallsOf("chat.postMessage"))-posts, diff)
	}
	denied := h.after(r, "denied")
	denied.Access = r.Access
	h.cards(t, denied)
	for _, user := range h.haveCards() {
		if m := h.ours(h.As(user).DM())[0]; live(m) || !strings.Contains(m.Plain(), "Denied") {
			t.Errorf("%s still sees %s", user, m.Plain())
		}
	}
}

// TestWhoMayDecideNoMoreKeepsATrueCardAndGetsNoOther: one that is gone stays gone.
func TestWhoMayDecideNoMoreKeepsATrueCardAndGetsNoOther(t *testing.T) {
	for _, gone := range []bool{false, true} {
		h := newTown(t)
		r := h.cards(t, h.stage(approvals.Stage{Approvers: []string{"S0FALCON"}}))
		h.SetGroup("S0FALCON", "U0SAM")
		h.forward(time.Hour)
		theirs := h.As("U0OLGA").DM()
		if gone {
			h.Remove(theirs, h.ours(theirs)[0].TS)
		}
		r.Version++
		r = h.cards(t, r)
		if got := h.ours(theirs); gone != (len(got) == 0) || len(r.Shown.Cards) != 1+len(got) {
			t.Errorf("gone %v: %d cards, shown %v", gone, len(got), r.Shown.Cards)
		}
	}
}

// TestNobodyGetsACardOfAStageThatIsOver although they are in its group since.
func TestNobodyGetsACardOfAStageThatIsOver(t *testing.T) {
	for _, story := range []string{"second_stage", "denied", "inviting"} {
		h := newTown(t)
		r := h.cards(t, h.stage(approvals.Stage{Approvers: []string{"S0FALCON"}}))
		stages := r.Access.Stages
		stages[1].Channel = "C0HERON"
		h.SetGroup("S0FALCON", "U0SAM", "U0BEN")
		h.forward(time.Hour)
		r = h.after(r, story)
		r.Access.Stages = stages
		h.cards(t, r)
		if diff := cmp.Diff([]string{"U0SAM", "U0OLGA"}, h.haveCards()); diff != "" {
			t.Errorf("%s: cards (-want +got):\n%s", story, diff)
		}
		for _, user := range h.haveCards() {
			if m := h.ours(h.As(user).DM())[0]; live(m) {
				t.Errorf("%s: %s still sees %s", story, user, m.Plain())
			}
		}
	}
}

func TestAnEscalationBringsItsOwnCards(t *testing.T) {
	tests := []struct {
		name     string
		stage    string // its channel
		escalate approvals.Escalation
		channels map[string]int
		people   []string
	}{
		{"in another channel", "C0FALCON", approvals.Escalation{Channel: "C0HERON", Approvers: []string{"S0HERON"}}, map[string]int{"C0FALCON": 1, "C0HERON": 1}, []string{}},
		{"to people", "C0FALCON", approvals.Escalation{Approvers: []string{"S0HERON", "U0ANN"}}, map[string]int{"C0FALCON": 1, "C0HERON": 0}, []string{"U0OLGA", "U0ADA"}},
		{"in the same channel, where its card is already", "C0FALCON", approvals.Escalation{Channel: "C0FALCON", Approvers: []string{"U0BEN"}}, map[string]int{"C0FALCON": 1}, []string{}},
		{"of people to people, each once", "", approvals.Escalation{Approvers: []string{"S0HERON", "U0SAM"}}, map[string]int{"C0FALCON": 0}, []string{"U0SAM", "U0OLGA", "U0ADA"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newTown(t)
			r := h.stage(approvals.Stage{Channel: tt.stage, Approvers: []string{"U0SAM", "U0OLGA"}, Escalate: &tt.escalate})
			r = h.cards(t, r)
			if n := len(h.ours("C0HERON")); n != 0 {
				t.Fatalf("%d cards before it escalated", n)
			}
			r.Escalated = nine.Add(time.Hour)
			r.Version++
			r = h.cards(t, r)
			r = h.cards(t, r)
			for channel, want := range tt.channels {
				if got := h.ours(channel); len(got) != want || want > 0 && !live(got[0]) {
					t.Errorf("%s: %d cards, want %d", channel, len(got), want)
				}
			}
			if diff := cmp.Diff(tt.people, h.haveCards()); diff != "" {
				t.Errorf("cards (-want +got):\n%s", diff)
			}
			r.State, r.Closed = approvals.TimedOut, &approvals.Closed{At: nine.Add(2 * time.Hour)}
			r.Version++
			h.cards(t, r)
			for _, m := range slices.Concat(h.ours("C0FALCON"), h.ours("C0HERON"), h.ours(h.As("U0OLGA").DM()), h.ours(h.As("U0ADA").DM())) {
				if live(m) {
					t.Errorf("still live: %s", m.Plain())
				}
			}
		})
	}
}

// TestOneBrokenPlaceKeepsNoOther lets one of three cards fail in every way.
func TestOneBrokenPlaceKeepsNoOther(t *testing.T) {
	h := newTown(t)
	h.Archive("C0FALCON")
	r := h.stage(approvals.Stage{Channel: "C0FALCON", Approvers: []string{"U0SAM"}, Escalate: &approvals.Escalation{Approvers: []string{"U0OLGA", "U0ADA"}}})
	r.Escalated = nine
	is, err := h.desk.Cards(t.Context(), r, h.note)
	if codeOf(err) != "is_archived" || len(is) != 2 {
		t.Errorf("%v, shown %v", err, is)
	}
	if diff := cmp.Diff([]string{"U0OLGA", "U0ADA"}, h.haveCards()); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
}

// TestWhoCannotBeReachedIsGivenUpUnlessItIsEverybody: the others can decide.
func TestWhoCannotBeReachedIsGivenUpUnlessItIsEverybody(t *testing.T) {
	for n, code := range map[int]string{1: "", 2: "cannot_dm_bot"} {
		c := openCounter(t)
		c.users["U0OLGA"] = `"team_id":"T0HOME"`
		for range n {
			c.script["chat.postMessage"] = append(c.script["chat.postMessage"], `{"ok":false,"error":"cannot_dm_bot"}`)
		}
		r := stories()["pending"]
		r.Access.Stages = []approvals.Stage{{Name: "Sponsor", Approvers: []string{"U0SAM", "U0OLGA"}, Quorum: 1}}
		is, err := c.desk(t).Cards(t.Context(), r, noNote)
		if codeOf(err) != code || (err != nil) != (code != "") || len(is) != 2-n {
			t.Errorf("%d of 2: %v, shown %v", n, err, is)
		}
	}
}

func TestAtMostTwentyPeopleGetACard(t *testing.T) {
	c := openCounter(t)
	r := stories()["pending"]
	r.Access.Stages = []approvals.Stage{{Name: "Sponsor", Quorum: 1}}
	for i := range 30 {
		user := "U0X" + strings.Repeat("A", i+1)
		c.users[user] = `"team_id":"T0HOME"`
		r.Access.Stages[0].Approvers = append(r.Access.Stages[0].Approvers, user)
	}
	d := c.desk(t)
	is, err := d.Cards(t.Context(), r, noNote)
	if err != nil || len(is) != maxCards {
		t.Errorf("%v, %d cards", err, len(is))
	}
	slices.Reverse(r.Access.Stages[0].Approvers) // others come first now, and have none
	r.Shown.Cards, r.Version = is, r.Version+1
	if is, err = d.Cards(t.Context(), r, noNote); err != nil || len(is) != maxCards || len(c.calls("chat.update")) != maxCards {
		t.Errorf("%v, %d cards, %d updates", err, len(is), len(c.calls("chat.update")))
	}
}

// TestWhatNobodyDecidesHasNoCard: one of several guests, and what the policy approved.
func TestWhatNobodyDecidesHasNoCard(t *testing.T) {
	h := newTown(t)
	child, free := h.request("inviting"), h.request("inviting")
	child.Lead, free.Access.Stages = "INV-3", nil
	free.Stage = 0
	for _, r := range []approvals.Request{child, free} {
		if is, err := h.desk.Cards(t.Context(), r, h.note); err != nil || len(is) != 0 {
			t.Errorf("%v, shown %v", err, is)
		}
	}
	if n := len(h.CallsOf("chat.postMessage")); n != 0 {
		t.Errorf("%d messages", n)
	}
}

// TestACardWhoseAnswerWasLostLosesItsButtonsToo: the request was decided before
// anybody looked for it.
func TestACardWhoseAnswerWasLostLosesItsButtonsToo(t *testing.T) {
	h := newTown(t)
	r := h.stage(approvals.Stage{Approvers: []string{"U0SAM", "U0OLGA"}})
	h.Fail("chat.postMessage", sandbox.Fault{Cut: true, AfterEffect: true})
	is, err := h.desk.Cards(t.Context(), r, h.note)
	if err == nil || len(is) != 1 {
		t.Fatalf("%v, shown %v", err, is)
	}
	decided := h.after(r, "denied")
	decided.Access, decided.Shown.Cards, decided.Shown.Tried = r.Access, is, h.noted
	is, err = h.desk.Cards(t.Context(), decided, h.note)
	if err != nil || len(is) != 2 || len(h.CallsOf("chat.postMessage")) != 2 {
		t.Errorf("%v, shown %v", err, is)
	}
	for _, user := range []string{"U0SAM", "U0OLGA"} {
		if m := h.ours(h.As(user).DM()); len(m) != 1 || live(m[0]) {
			t.Errorf("%s sees %v", user, m)
		}
	}
}

// TestACardThatWasNeverPostedIsNotPostedAfterTheDecision although it was about to be.
func TestACardThatWasNeverPostedIsNotPostedAfterTheDecision(t *testing.T) {
	h := newTown(t)
	r := h.after(h.stage(approvals.Stage{Approvers: []string{"U0SAM"}}), "denied")
	r.Access.Stages = []approvals.Stage{{Name: "Sponsor", Approvers: []string{"U0SAM"}}}
	r.Shown.Tried = map[string]time.Time{"card 0 U0SAM": nine}
	if r = h.cards(t, r); len(r.Shown.Cards) != 0 || len(h.haveCards()) != 0 {
		t.Errorf("shown %v", r.Shown.Cards)
	}
}

// TestCardsOfOneStageAreToldApart: the mark of a card says whose it is.
func TestCardsOfOneStageAreToldApart(t *testing.T) {
	own := message("5.1", byUs, eventRequest, card0)
	others := message("5.2", byUs, eventRequest, card0+`,"to":"C0HERON"`)
	r := stories()["pending"]
	r.Access.Stages = slices.Clone(r.Access.Stages)
	r.Access.Stages[0].Escalate = &approvals.Escalation{Channel: "C0HERON", Approvers: []string{"U0OLGA"}}
	r.Escalated = nine
	c := openCounter(t)
	c.script["conversations.history"] = []string{history(others, own), history(own, others)}
	is, err := c.desk(t).Cards(t.Context(), r, noted)
	want := []approvals.Posted{{Channel: "C0FALCON", TS: "5.1", Version: 2}, {Channel: "C0HERON", TS: "5.2", Version: 2, To: "C0HERON"}}
	if diff := cmp.Diff(want, is); diff != "" || err != nil {
		t.Errorf("%v, shown (-want +got):\n%s", err, diff)
	}
}

// TestAnUndoTurnsIntoARevokeWithTime although the request has no new version.
func TestAnUndoTurnsIntoARevokeWithTime(t *testing.T) {
	h := newTown(t)
	r := h.request("inviting")
	r.Hold = nine.Add(20 * time.Second)
	r = h.cards(t, r)
	updates := func() int { return len(h.CallsOf("chat.update")) }
	if n := updates(); n != 0 {
		t.Fatalf("%d updates", n)
	}
	h.forward(20 * time.Second)
	r = h.cards(t, r)
	first := updates()
	h.cards(t, r)
	if first == 0 || updates() != first {
		t.Errorf("%d updates, then %d", first, updates())
	}
}

// TestTheTroubleThatMattersIsTold: a turn of its own says only how soon to come again.
func TestTheTroubleThatMattersIsTold(t *testing.T) {
	turn := &approvals.Trouble{Kind: approvals.Later, Code: approvals.CodePace, After: 2 * time.Second}
	archived := &approvals.Trouble{Kind: approvals.Refused, Code: "is_archived", Wide: approvals.WideChannel + "C0FALCON"}
	limited := &approvals.Trouble{Kind: approvals.Later, Code: "ratelimited", After: 9 * time.Second}
	tests := []struct {
		name        string
		first, then error
		code        string
		after       time.Duration
	}{
		{"nothing", nil, nil, "", 0},
		{"one", archived, nil, "is_archived", 0},
		{"another", nil, turn, approvals.CodePace, 2 * time.Second},
		{"a turn after trouble", archived, turn, "is_archived", 2 * time.Second},
		{"trouble after a turn", turn, archived, "is_archived", 2 * time.Second},
		{"two of a kind", limited, archived, "ratelimited", 9 * time.Second},
		{"what Slack asked for", limited, turn, "ratelimited", 9 * time.Second},
	}
	for _, tt := range tests {
		err := worse(tt.first, tt.then)
		trouble, _ := errors.AsType[*approvals.Trouble](err)
		if codeOf(err) != tt.code || err != nil && trouble.After != tt.after {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
	if archived.After != 0 {
		t.Error("the trouble itself was changed")
	}
}
