package bot

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// emitted collects the IDs in everything that can be rendered: of what is
// pressed, and of the forms that are submitted.
func emitted(t *testing.T) (actions, callbacks []string) {
	t.Helper()
	pressed, submitted := map[string]bool{}, map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if v["type"] == "input" && v["dispatch_action"] != true {
				return
			}
			if id, ok := v["action_id"].(string); ok {
				pressed[actionName(id)] = true
			}
			if id, ok := v["callback_id"].(string); ok && id != "" {
				submitted[id] = true
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	for name, rendering := range goldens(t) {
		var v any
		if err := json.Unmarshal(asJSON(t, rendering), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		walk(v)
	}
	return slices.Sorted(maps.Keys(pressed)), slices.Sorted(maps.Keys(submitted))
}

func TestEveryButtonAndFormHasAHandlerAndEveryHandlerAButtonOrForm(t *testing.T) {
	actions, callbacks := emitted(t)
	r := newOffice(t).routes
	if diff := cmp.Diff(actions, slices.Sorted(maps.Keys(r.actions))); diff != "" {
		t.Errorf("buttons, handlers: %s", diff)
	}
	if diff := cmp.Diff(callbacks, slices.Sorted(maps.Keys(r.submissions))); diff != "" {
		t.Errorf("forms, handlers: %s", diff)
	}
}

func TestTheManifestNamesTheCommandsAndEventsThatAreHandled(t *testing.T) {
	raw, err := os.ReadFile("../manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Features struct {
			Commands []struct{ Command string } `yaml:"slash_commands"`
		}
		Settings struct {
			Events struct {
				Bot []string `yaml:"bot_events"`
			} `yaml:"event_subscriptions"`
		}
	}
	if err := yaml.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, c := range manifest.Features.Commands {
		commands = append(commands, c.Command)
	}
	slices.Sort(commands)
	r := newOffice(t).routes
	if diff := cmp.Diff(commands, slices.Sorted(maps.Keys(r.commands))); diff != "" {
		t.Errorf("commands: %s", diff)
	}
	if diff := cmp.Diff(manifest.Settings.Events.Bot, slices.Sorted(maps.Keys(r.events))); diff != "" {
		t.Errorf("events: %s", diff)
	}
}
