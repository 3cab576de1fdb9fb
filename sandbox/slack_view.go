package sandbox

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"
)

const (
	triggerLife  = 3 * time.Second
	triggerKept  = 10 * time.Minute // for that long Slack still knows that it was one
	maxDepth     = 3
	maxViewBytes = 250_000
)

// view is a modal or a Home tab as Slack keeps it.
type view struct {
	id, owner      string
	root, previous string
	hash           string
	json           map[string]any // as the app sent it, with the IDs that Slack fills in
	values         map[string]map[string]map[string]any
	touched        map[inputID]bool // where a person has entered something, or taken it out again
	errors         map[string]string
	busy           bool
}

// inputID is where in a view a value is.
type inputID struct{ block, action string }

func cloneValues(values map[string]map[string]map[string]any) map[string]map[string]map[string]any {
	out := make(map[string]map[string]map[string]any, len(values))
	for block, actions := range values {
		out[block] = make(map[string]map[string]any, len(actions))
		for action, value := range actions {
			out[block][action] = clone(value)
		}
	}
	return out
}

// wire is the view as Slack puts it into payloads and answers.
func (v *view) wire() map[string]any {
	out := clone(v.json)
	for _, key := range []string{"private_metadata", "callback_id", "external_id"} {
		out[key] = str(v.json, key)
	}
	for _, key := range []string{"close", "submit"} {
		if _, ok := out[key]; !ok {
			out[key] = nil
		}
	}
	maps.Copy(out, map[string]any{
		"id": v.id, "team_id": TeamID, "app_id": AppID, "bot_id": BotID, "app_installed_team_id": TeamID,
		"hash": v.hash, "root_view_id": v.root, "previous_view_id": nil,
		"clear_on_close": truthy(v.json["clear_on_close"]), "notify_on_close": truthy(v.json["notify_on_close"]),
		"state": map[string]any{"values": plainValues(v.values)},
	})
	if v.previous != "" {
		out["previous_view_id"] = v.previous
	}
	return out
}

func plainValues(values map[string]map[string]map[string]any) map[string]any {
	out := map[string]any{}
	for block, actions := range values {
		inner := map[string]any{}
		for action, value := range actions {
			inner[action] = clone(value)
		}
		out[block] = inner
	}
	return out
}

// setLocked gives the view new content. As Slack's own people describe it, an input keeps what it holds as long as its
// block and action IDs stay the same, and an initial value that comes with the update does not replace that; an app that
// wants to must change one of the IDs. An input that was empty and that nobody has touched takes the new initial value.
// What becomes of a choice that is no longer offered Slack does not say: here it goes.
func (w *World) setLocked(v *view, content map[string]any) {
	content = clone(content)
	blocks := objects(content["blocks"])
	w.nameBlocksLocked(blocks)
	old, touched := v.values, v.touched
	v.json, v.values, v.touched, v.errors = content, initialValues(blocks), map[inputID]bool{}, nil
	for e := range elements(blocks) {
		id := e.id()
		kept := old[id.block][id.action]
		if kept == nil || kept["type"] != e.element["type"] || !touched[id] && empty(kept) {
			continue
		}
		if kept = offered(e.element, kept); kept != nil {
			v.values[id.block][id.action] = kept
			v.touched[id] = touched[id]
		}
	}
	w.serial++
	v.hash = w.tsLocked() + "." + w.idLocked("")
}

// enter is what a person does to an input.
func (v *view) enter(id inputID, value map[string]any) {
	put(v.values, id.block, id.action, value)
	v.touched[id] = true
}

// take takes over what the page has in its inputs. Files are not among it: they come by being attached.
func (v *view) take(state map[string]map[string]map[string]any) {
	for block, actions := range v.values {
		for action, old := range actions {
			now := clone(state[block][action])
			if now == nil || old["type"] == "file_input" {
				continue
			}
			now["type"] = old["type"]
			if !reflect.DeepEqual(now, old) {
				v.enter(inputID{block, action}, now)
			}
		}
	}
}

// nameBlocksLocked fills in the block and action IDs that the app left to Slack.
func (w *World) nameBlocksLocked(blocks []map[string]any) {
	for _, b := range blocks {
		if str(b, "block_id") == "" {
			b["block_id"] = w.idLocked("")
		}
		for e := range elements([]map[string]any{b}) {
			if str(e.element, "action_id") == "" {
				e.element["action_id"] = w.idLocked("")
			}
		}
	}
}

func (w *World) topLocked(user string) *view {
	stack := w.stacks[user]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

func (w *World) newViewLocked(owner string, content map[string]any) *view {
	v := &view{id: w.idLocked("V"), owner: owner}
	v.root = v.id
	w.setLocked(v, content)
	return v
}

// openLocked puts a modal in front of the person in place of all others.
func (w *World) openLocked(user string, content map[string]any) *view {
	v := w.newViewLocked(user, content)
	w.stacks[user] = []*view{v}
	return v
}

func (w *World) pushLocked(user string, content map[string]any) *view {
	top := w.topLocked(user)
	v := w.newViewLocked(user, content)
	v.root, v.previous = top.root, top.id
	w.stacks[user] = append(w.stacks[user], v)
	return v
}

// popLocked takes a view, and what is stacked on it, away from the person.
func (w *World) popLocked(v *view) {
	stack := w.stacks[v.owner]
	if i := slices.Index(stack, v); i >= 0 {
		w.stacks[v.owner] = stack[:i:i]
	}
}

// findViewLocked is the open view or Home with this ID or external ID.
func (w *World) findViewLocked(id, externalID string) *view {
	match := func(v *view) bool {
		return v != nil && (id != "" && v.id == id || id == "" && externalID != "" && str(v.json, "external_id") == externalID)
	}
	for _, stack := range w.stacks {
		for _, v := range stack {
			if match(v) {
				return v
			}
		}
	}
	for _, v := range w.homes {
		if match(v) {
			return v
		}
	}
	return nil
}

// viewProblemLocked is the error that Slack answers a view with, or "". except is the view it is to replace.
func (w *World) viewProblemLocked(content map[string]any, kind string, except *view) (code string, details []string) {
	if content == nil {
		return "invalid_arguments", []string{"[ERROR] missing required field: view [json-pointer:/view]"}
	}
	if b, err := json.Marshal(content); err != nil || len(b) > maxViewBytes {
		return "view_too_large", nil
	}
	if str(content, "type") != kind {
		return "invalid_arguments", []string{"[ERROR] unsupported type: " + str(content, "type") + " [json-pointer:/view/type]"}
	}
	if problems := checkView(content); len(problems) > 0 {
		return "invalid_arguments", problems
	}
	if !w.granted("files:read") && takesFiles(content) { // Slack says that the scope is needed, not how it refuses
		return "missing_scope", nil
	}
	if ext := str(content, "external_id"); ext != "" {
		if other := w.findViewLocked("", ext); other != nil && other != except {
			return "duplicate_external_id", nil
		}
	}
	return "", nil
}

// trigger is a short-lived permission to open a modal in front of one person.
type trigger struct {
	user, viewID string
	sent         time.Time
	used         bool
}

func (w *World) triggerLocked(user, viewID string) string {
	if len(w.triggers)%1024 == 1023 {
		maps.DeleteFunc(w.triggers, func(_ string, t *trigger) bool { return w.cfg.Now().Sub(t.sent) > triggerKept })
	}
	id := w.idLocked("90") + "." + w.idLocked("71") + "." + secret()
	w.triggers[id] = &trigger{user: user, viewID: viewID, sent: w.cfg.Now()}
	return id
}

// useTriggerLocked takes a trigger; code says why it is no good.
func (w *World) useTriggerLocked(id string) (t *trigger, code string) {
	t = w.triggers[id]
	switch {
	case t == nil:
		return nil, "invalid_trigger_id"
	case t.used:
		return nil, "exchanged_trigger_id"
	case w.cfg.Now().Sub(t.sent) >= triggerLife:
		return nil, "expired_trigger_id"
	}
	t.used = true
	return t, ""
}
