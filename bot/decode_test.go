package bot

import (
	"encoding/json"
	"errors"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestAPersonIsTheirWorkspaceAndUser(t *testing.T) {
	tests := []struct {
		name, payload string
		want          approvals.PersonID
	}{
		{"in one workspace", `{"user":{"id":"U1","team_id":"T1"},"team":{"id":"T1"},"enterprise":null}`, approvals.PersonID{Team: "T1", User: "U1"}},
		{"of another workspace", `{"user":{"id":"U1","team_id":"T2"},"team":{"id":"T1"}}`, approvals.PersonID{Team: "T2", User: "U1"}},
		{"named by the organisation", `{"user":{"id":"W1","team_id":"E1"},"team":{"id":"T1"},"enterprise":{"id":"E1"}}`, approvals.PersonID{Team: "T1", User: "W1"}},
		{"installed for the organisation", `{"user":{"id":"W1","team_id":"E1"},"team":null,"enterprise":{"id":"E1"}}`, approvals.PersonID{Team: "E1", User: "W1"}},
		{"without a team of their own", `{"user":{"id":"U1"},"team":null,"enterprise":{"id":"E1"}}`, approvals.PersonID{Team: "E1", User: "U1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var i interaction
			if err := decode([]byte(tt.payload), &i); err != nil {
				t.Fatal(err)
			}
			if got := i.who(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestUnknownElementsDoNotHideAClick(t *testing.T) {
	payload := `{"type":"block_actions","user":{"id":"U1","team_id":"T1"},"channel":{"id":"C1"},"response_url":"https://hooks.slack.com/x",
		"container":"a new shape","message":{"blocks":[{"type":"hologram","elements":[{"type":"new_elem"}]}]},
		"actions":[{"action_id":"approve","value":"INV-7:0","selected_option":17,"new":{"a":[1]}}],
		"view":{"state":{"values":{"odd":17,"email":{"email":{"value":"a@b.c"}},"rich":{"rich":{"value":{"type":"rich_text"}}}}}}}`
	var i interaction
	if err := decode([]byte(payload), &i); err != nil {
		t.Fatal(err)
	}
	want := []action{{ID: "approve", Value: "INV-7:0"}}
	if diff := cmp.Diff(want, i.Actions); diff != "" || i.User.ID != "U1" || i.Channel.ID != "C1" || i.ResponseURL == "" {
		t.Errorf("%s %+v", diff, i)
	}
	if got := i.View.text("email"); got != "a@b.c" {
		t.Errorf("email %q", got)
	}
}

func TestOnlyAnObjectIsAPayload(t *testing.T) {
	for _, raw := range []string{``, `{`, `17`, `"x"`, `[]`, `{"type":`, `nonsense`} {
		if err := decode([]byte(raw), &interaction{}); !errors.Is(err, errGarbled) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestAUntouchedInputIsEmpty(t *testing.T) {
	var v view
	raw := `{"state":{"values":{"name":{"name":{"type":"plain_text_input","value":null}},"access":{"access":{"type":"static_select","selected_option":null}}}}}`
	if err := decode([]byte(raw), &v); err != nil {
		t.Fatal(err)
	}
	for _, block := range []string{"name", "access", "missing"} {
		if got := v.text(block); got != "" {
			t.Errorf("%s: %q", block, got)
		}
	}
}

func FuzzDecoding(f *testing.F) {
	f.Add([]byte(`{"type":"block_actions","user":{"id":"U1","team_id":"T1"},"team":null,"actions":[{"action_id":"approve","value":"INV-7:0"}]}`))
	f.Add([]byte(`{"type":"view_submission","view":{"callback_id":"invite","state":{"values":{"email":{"email":{"value":"a@b.c"}}}}}}`))
	f.Add([]byte(`{"type":"event_callback","event_id":"Ev1","event":{"type":"app_home_opened","user":"U1","tab":"home"}}`))
	f.Add([]byte(`{"actions":[null,17,{}],"user":"U1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var i interaction
		var c command
		var e event
		for _, into := range []any{&i, &c, &e} {
			err := decode(raw, into)
			if err != nil && !errors.Is(err, errGarbled) {
				t.Errorf("an error of another kind: %v", err)
			}
			var object map[string]json.RawMessage
			if err != nil && json.Unmarshal(raw, &object) == nil && object != nil {
				t.Errorf("an object was refused: %v", err)
			}
		}
		i.who()
		i.place()
		i.View.anchor()
		draft(i.View, approvals.Person{})
		ParseTarget(i.View.Metadata)
	})
}

func FuzzFormPayload(f *testing.F) {
	f.Add("payload=%7B%7D")
	f.Add("command=%2Finvite-partner&text=a%40b.c&user_id=U1")
	f.Add("ssl_check=1")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		k, raw, ok := fromForm(form)
		if !ok || k != kindCommand {
			return
		}
		var c command
		if err := decode(raw, &c); err != nil {
			t.Errorf("a command that we wrote cannot be read: %v", err)
		}
	})
}

func FuzzSocketEnvelope(f *testing.F) {
	f.Add([]byte(`{"envelope_id":"e1","type":"interactive","payload":{"type":"block_actions"},"accepts_response_payload":false}`))
	f.Add([]byte(`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A1"}}`))
	f.Add([]byte(`{"envelope_id":17,"type":[],"payload":"x"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e envelope
		if err := decode(raw, &e); err != nil && !errors.Is(err, errGarbled) {
			t.Errorf("an error of another kind: %v", err)
		}
		var i interaction
		if err := decode(e.Payload, &i); err != nil && !errors.Is(err, errGarbled) {
			t.Errorf("an error of another kind: %v", err)
		}
	})
}
