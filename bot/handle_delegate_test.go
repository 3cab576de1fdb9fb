package bot

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestADelegationIsReadAsItIsTyped(t *testing.T) {
	for typed, want := range map[string]Away{
		"":                                       {},
		"<@U0SAM|sam> until 2026-12-24":          {To: "U0SAM", Until: "2026-12-24"},
		"<@U0SAM> from 2026-12-01 to 2026-12-24": {To: "U0SAM", From: "2026-12-01", Until: "2026-12-24"},
		"until 2026-12-24 <@W0SAM>":              {To: "W0SAM", Until: "2026-12-24"},
		"@sam until christmas":                   {},
	} {
		if diff := cmp.Diff(want, awayTyped(typed)); diff != "" {
			t.Errorf("%q: %s", typed, diff)
		}
	}
}

func TestADelegationOpensAFormWithWhatWasTyped(t *testing.T) {
	o := newOffice(t)
	o.command(t, "U0ANN", CommandRequests, "delegate <@U0SAM|sam> until 2026-12-24")
	opened := strings.Join(o.slack.calls("views.open"), "")
	for _, want := range []string{`"callback_id":"delegate"`, `"initial_user":"U0SAM"`, `"initial_date":"2026-12-24"`} {
		if !strings.Contains(opened, want) {
			t.Errorf("no %s in %s", want, opened)
		}
	}
	if len(o.service.delegated) > 0 {
		t.Error("kept before it was sent")
	}
	o.slack.forget()
	o.command(t, "U0GUS", CommandRequests, "delegate")
	if told := o.slack.calls("reply"); len(o.slack.calls("views.open")) > 0 || len(told) != 1 || !strings.Contains(told[0], "Guests of this workspace") {
		t.Errorf("a guest is told %v", told)
	}
}

func delegateView(to, from, until string) map[string]any {
	return typedView(CallbackDelegate, map[string]map[string]any{
		"to": {"type": "users_select", "selected_user": to}, "from": {"type": "datepicker", "selected_date": from}, "until": {"type": "datepicker", "selected_date": until},
	})
}

func TestADelegationLastsToTheEndOfItsLastDay(t *testing.T) {
	o := newOffice(t)
	for _, tt := range []struct {
		from  string
		start time.Time
	}{{"", noon}, {"2026-11-23", noon}, {"2026-12-01", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}} {
		o.service.delegated = nil
		if reply := o.sendForm(t, delegateView("U0SAM", tt.from, "2026-12-24")); reply != "" {
			t.Errorf("answered %s", reply)
		}
		want := []approvals.Delegation{{
			From: approvals.PersonID{Team: "T0NORTH", User: "U0ANN"}, To: approvals.PersonID{Team: "T0NORTH", User: "U0SAM"},
			Start: tt.start, End: time.Date(2026, 12, 24, 23, 59, 59, 0, time.UTC),
		}}
		if diff := cmp.Diff(want, o.service.delegated); diff != "" {
			t.Errorf("from %q: %s", tt.from, diff)
		}
	}
	if told := o.slack.calls("chat.postMessage"); len(told) != 6 || !strings.Contains(formOf([]byte(told[0]))("blocks"), "U0SAM") {
		t.Errorf("told %v", told)
	}
}

// TestWhoDecidesInAnothersPlaceIsToldOnceOfIt and of its end, also when somebody
// else takes it over.
func TestWhoDecidesInAnothersPlaceIsToldOnceOfIt(t *testing.T) {
	was := &approvals.Delegation{From: ann, To: sam, Start: noon, End: noon.Add(48 * time.Hour)}
	for _, tt := range []struct {
		name string
		was  *approvals.Delegation
		to   string
		want []string
	}{
		{"made", nil, "U0SAM", []string{"U0SAM you may decide"}},
		{"made longer", was, "U0SAM", []string{"U0SAM you may decide"}},
		{"given to another", was, "U0OLGA", []string{"U0SAM do not decide", "U0OLGA you may decide"}},
		{"ended", was, "", []string{"U0SAM do not decide"}},
		{"ended without one", nil, "", nil},
	} {
		o := newOffice(t)
		o.service.delegation = tt.was
		if tt.to == "" {
			o.command(t, "U0ANN", CommandRequests, "delegate off")
		} else {
			o.sendForm(t, delegateView(tt.to, "", "2026-12-24"))
		}
		var got []string
		for _, call := range o.slack.calls("chat.postMessage") {
			form := formOf([]byte(call))
			for _, what := range []string{"you may decide", "do not decide"} {
				if strings.Contains(form("text"), what) && strings.Contains(form("text"), "U0ANN") {
					got = append(got, form("channel")+" "+what)
				}
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: told (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestADelegationThatIsRefusedIsSaidAtItsField(t *testing.T) {
	for code, block := range map[error]string{approvals.ErrDelegateDates: "until", approvals.ErrDelegateUnfit: "to", approvals.ErrDelegateSelf: "to"} {
		o := newOffice(t)
		o.service.wishErr = code
		if reply := o.sendForm(t, delegateView("U0SAM", "", "2026-12-24")); !strings.Contains(reply, `{"errors":{"`+block+`":"`) {
			t.Errorf("%v: answered %s", code, reply)
		}
	}
}

func TestADelegationEndsAtOnce(t *testing.T) {
	o := newOffice(t)
	o.command(t, "U0ANN", CommandRequests, "delegate OFF")
	if _, err := o.send(t, kindInteractive, acted(ActionDelegateOff, ActionDelegateOff, map[string]any{"id": "V9"})); err != nil {
		t.Fatal(err)
	}
	d := o.service.delegated
	if len(d) != 2 || d[0].To.User != "" || d[1].To.User != "" || d[0].From.User != "U0ANN" {
		t.Errorf("kept %+v", d)
	}
	if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], "Nobody decides in your place") {
		t.Errorf("told %v", told)
	}
}

func TestAppHomeKeepsADelegationAndShowsIt(t *testing.T) {
	o := newOffice(t)
	view := map[string]any{"id": "V9", "state": map[string]any{"values": map[string]any{"away": map[string]any{
		"pick:to": map[string]any{"selected_user": "U0SAM"}, "pick:from": map[string]any{"selected_date": nil}, "pick:until": map[string]any{"selected_date": "2026-12-24"},
	}}}}
	if _, err := o.send(t, kindInteractive, acted("pick:to", "", view)); err != nil || len(o.service.delegated) > 0 {
		t.Fatalf("a choice alone: %v, kept %v", err, o.service.delegated)
	}
	o.service.delegation = &approvals.Delegation{From: ann, To: sam, Start: noon, End: noon.Add(48 * time.Hour)}
	if _, err := o.send(t, kindInteractive, acted(ActionDelegate, ActionDelegate, view)); err != nil {
		t.Fatal(err)
	}
	if d := o.service.delegated; len(d) != 1 || d[0].To.User != "U0SAM" {
		t.Errorf("kept %+v", d)
	}
	drawn := o.slack.calls("views.publish")
	if len(drawn) != 1 || !strings.Contains(drawn[0], "may decide where you may") || !strings.Contains(drawn[0], ActionDelegateOff) {
		t.Errorf("drawn %v", drawn)
	}
	o.slack.forget()
	view["state"] = map[string]any{"values": map[string]any{"away": map[string]any{"pick:until": map[string]any{"selected_date": "2026-12-24"}}}}
	if _, err := o.send(t, kindInteractive, acted(ActionDelegate, ActionDelegate, view)); err != nil || len(o.service.delegated) != 1 || len(o.slack.calls("chat.postMessage")) != 1 {
		t.Errorf("nobody chosen: %v, kept %v, told %v", err, o.service.delegated, o.slack.calls("chat.postMessage"))
	}
}

// TestAHangingSlackHoldsUpNoAcknowledgement: App Home's buttons are acknowledged
// before anybody is looked at, and a form that is sent looks only so long.
func TestAHangingSlackHoldsUpNoAcknowledgement(t *testing.T) {
	hanging := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-hanging
	}))
	defer srv.Close()
	defer close(hanging)
	o := officeAt(t, srv.URL)
	for _, action := range []string{ActionDelegate, ActionDelegateOff} {
		if reply, err := o.receiveClick(t.Context(), interactionOf(t, acted(action, "", map[string]any{"id": "V0HOME"}))); err != nil || reply.later == nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	if n := len(o.service.delegated); n > 0 {
		t.Errorf("%d delegations before the acknowledgement", n)
	}
	limited, cancel := limitLooks(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := o.cfg.Desk.Glance().Members(limited, "S0FALCON"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a look went on: %v", err)
	}
	seen := o.cfg.Desk.glance.seen
	seen.mu.Lock()
	if seen.groups["S0FALCON"] == nil {
		t.Error("the look came to its own end")
	}
	seen.mu.Unlock()
	if _, err := o.cfg.Desk.Glance().Person(limited, ann); err == nil || limited.Err() != nil {
		t.Errorf("a look went on, or ended more than itself: %v, %v", err, limited.Err())
	}
}

func interactionOf(t *testing.T, payload map[string]any) interaction {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	var i interaction
	if err := decode(raw, &i); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestAHomeWithNobodyChosenAsksForSomebody(t *testing.T) {
	o := newOffice(t)
	o.act(t, ActionDelegate, "", map[string]any{"id": "V0HOME"})
	told := strings.Join(append(o.slack.calls("chat.postMessage"), o.slack.calls("reply")...), "")
	if !strings.Contains(told, "Nobody+is+chosen+yet") || len(o.service.delegated) > 0 {
		t.Errorf("told %s", told)
	}
}
