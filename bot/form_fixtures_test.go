package bot

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

// demandingOffice is an office whose policy asks for all there is to ask.
func demandingOffice(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	p := demanding()
	o.cfg.Desk.render.Policy = p.Always
	return o
}

// typedView is what Slack sends along of an open form: what is in each of its inputs.
func typedView(callback string, inputs map[string]map[string]any) map[string]any {
	values := map[string]any{}
	for block, in := range inputs {
		action, ok := in["action"].(string)
		if !ok {
			action = block
		}
		values[block] = map[string]any{action: in}
	}
	return map[string]any{"id": "V7", "hash": "h0", "callback_id": callback, "state": map[string]any{"values": values}}
}

func text(s string) map[string]any { return map[string]any{"type": "plain_text_input", "value": s} }

func picked(s string) map[string]any {
	return map[string]any{"type": "static_select", "selected_option": map[string]any{"value": s}}
}

func nothing() map[string]any { return map[string]any{"type": "static_select", "selected_option": nil} }

func under(action string, in map[string]any) map[string]any {
	in["action"] = action
	return in
}

// act is something that somebody does in an open form.
func (o *office) act(t *testing.T, action, value string, view map[string]any) {
	t.Helper()
	if _, err := o.send(t, kindInteractive, acted(action, value, view)); err != nil {
		t.Fatal(err)
	}
}

func acted(action, value string, view map[string]any) map[string]any {
	return map[string]any{
		"type": "block_actions", "user": map[string]any{"id": "U0ANN", "team_id": "T0NORTH"}, "trigger_id": "1.2.three",
		"container": map[string]any{"type": "view", "view_id": view["id"]}, "view": view,
		"actions": []any{map[string]any{"action_id": action, "value": value}},
	}
}

// sendForm submits an open form.
func (o *office) sendForm(t *testing.T, view map[string]any) string {
	t.Helper()
	reply, err := o.send(t, kindInteractive, map[string]any{
		"type": "view_submission", "user": map[string]any{"id": "U0ANN", "team_id": "T0NORTH"}, "view": view,
	})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// drawing is a form as it was drawn: its blocks by their IDs.
type drawing struct {
	raw, hash string
	blocks    map[string]map[string]any
	callback  string
	metadata  string
}

// drawings are the forms drawn anew, in their order.
func (o *office) drawings(t *testing.T) []drawing {
	t.Helper()
	var out []drawing
	for _, raw := range o.slack.calls("views.update") {
		var call struct {
			Hash string `json:"hash"`
			View struct {
				Callback string           `json:"callback_id"`
				Metadata string           `json:"private_metadata"`
				Blocks   []map[string]any `json:"blocks"`
			} `json:"view"`
		}
		if err := json.Unmarshal([]byte(raw), &call); err != nil {
			t.Fatal(err)
		}
		d := drawing{raw: raw, hash: call.Hash, callback: call.View.Callback, metadata: call.View.Metadata, blocks: map[string]map[string]any{}}
		for _, b := range call.View.Blocks {
			id, _ := b["block_id"].(string)
			d.blocks[id] = b
		}
		out = append(out, d)
	}
	return out
}

// initial is what an input of a drawing begins with.
func (d drawing) initial(block string) any {
	el, _ := d.blocks[block]["element"].(map[string]any)
	if o, ok := el["initial_option"].(map[string]any); ok {
		return o["value"]
	}
	return firstOf(str(el["initial_value"]), str(el["initial_date"]), str(el["initial_user"]))
}

func (d drawing) action(block string) string {
	el, _ := d.blocks[block]["element"].(map[string]any)
	return str(el["action_id"])
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func (o *office) drawn1(t *testing.T) drawing {
	t.Helper()
	all := o.drawings(t)
	if len(all) != 1 {
		t.Fatalf("drawn %d times", len(all))
	}
	return all[0]
}

func openInvite(more map[string]map[string]any) map[string]any {
	in := map[string]map[string]any{
		"email": under("form:email", text("")), "name": text(""), "company": text(""), "access": under("form:access", nothing()), "reason": text("She reviews"),
	}
	maps.Copy(in, more)
	return typedView(CallbackInvite, in)
}

// shown is what stands in blocks, with the addresses of links and the IDs of people.
func shown(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var all strings.Builder
		for _, x := range v {
			all.WriteString(shown(x))
		}
		return all.String()
	case map[string]any:
		return shown(v["elements"]) + shown(v["text"]) + str(v["url"]) + str(v["user_id"]) + str(v["usergroup_id"])
	}
	return ""
}

// facts are what a drawing says early of the request, the loud and the quiet of it.
func (d drawing) facts() string {
	return shown(d.blocks[blockFacts]) + shown(d.blocks[blockFacts+" quiet"])
}

// all is everything that a drawing says outside of inputs.
func (d drawing) all(t *testing.T) string {
	t.Helper()
	var call struct {
		View struct {
			Blocks []any `json:"blocks"`
		} `json:"view"`
	}
	if err := json.Unmarshal([]byte(d.raw), &call); err != nil {
		t.Fatal(err)
	}
	return shown(call.View.Blocks)
}
