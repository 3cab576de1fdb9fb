package sandbox

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// What may make a text input tell the app of itself.
const (
	onCharacter = "on_character_entered"
	onEnter     = "on_enter_pressed"
)

// holds reports whether the element keeps what somebody entered: all but buttons and menus of overflow do.
func (e placed) holds() bool {
	kind := str(e.element, "type")
	return kind != "button" && kind != "overflow"
}

// live reports whether the app can hear of the element before the modal is sent.
func (e placed) live() bool {
	return str(e.block, "type") != "input" || truthy(e.block["dispatch_action"])
}

// tells reports whether the app hears of the element now. Texts are told at every character or at Enter, as the app
// asked; of an app that did not say Slack says nothing, and the Enter key is what is seen to do it.
func (e placed) tells(occasion string) bool {
	switch str(e.element, "type") {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		triggers, _ := object(e.element, "dispatch_action_config")["trigger_actions_on"].([]any) // none: Enter
		return e.live() && (slices.Contains(triggers, any(occasion)) || len(triggers) == 0 && occasion == onEnter)
	}
	return e.live()
}

// initialValues is the state of blocks that nobody has touched.
func initialValues(blocks []map[string]any) map[string]map[string]map[string]any {
	values := map[string]map[string]map[string]any{}
	for e := range elements(blocks) {
		if !e.holds() {
			continue
		}
		kind := str(e.element, "type")
		key, initial := holder(kind)
		value := map[string]any{"type": kind, key: cloneAny(e.element[initial])}
		if several(key) && value[key] == nil {
			value[key] = []any{}
		}
		put(values, e.id().block, e.id().action, value)
	}
	return values
}

// holder is the field of a state value that holds what was entered, and the element's field for its initial content.
func holder(kind string) (field, initial string) {
	switch kind {
	case "static_select", "radio_buttons":
		return "selected_option", "initial_option"
	case "multi_static_select", "checkboxes":
		return "selected_options", "initial_options"
	case "users_select":
		return "selected_user", "initial_user"
	case "multi_users_select":
		return "selected_users", "initial_users"
	case "datepicker":
		return "selected_date", "initial_date"
	case "file_input":
		return "files", ""
	case "overflow":
		return "selected_option", ""
	}
	return "value", "initial_value"
}

// several reports whether the field of a state value is a list.
func several(field string) bool {
	return slices.Contains([]string{"selected_options", "selected_users", "files"}, field)
}

// empty reports whether a state value holds nothing.
func empty(value map[string]any) bool {
	key, _ := holder(str(value, "type"))
	list, _ := value[key].([]any) // what is no list is nil or not
	return value[key] == nil || value[key] == "" || several(key) && len(list) == 0
}

// choseLocked is an element's state after somebody entered or chose value: an option by its text or value, a person
// who is active, a date, or text. Where several can be chosen it is one more; "" is nothing.
func (w *World) choseLocked(e, before map[string]any, value string) (map[string]any, error) {
	kind := str(e, "type")
	key, _ := holder(kind)
	if key == "files" {
		return nil, errors.New("files are attached")
	}
	one, err := w.choiceLocked(e, value)
	if err != nil {
		return nil, err
	}
	after := map[string]any{"type": kind, key: one}
	if !several(key) {
		return after, nil
	}
	chosen, _ := before[key].([]any) // nothing chosen yet
	switch most, limited := e["max_selected_items"].(float64); {
	case one == nil:
		chosen = []any{}
	case slices.ContainsFunc(chosen, func(o any) bool { return reflect.DeepEqual(o, one) }):
	case limited && float64(len(chosen)) >= most:
		return nil, fmt.Errorf("no more than %g can be chosen", most)
	default:
		chosen = append(slices.Clone(chosen), one)
	}
	after[key] = chosen
	return after, nil
}

// choiceLocked is what value means for an element; nil for nothing.
func (w *World) choiceLocked(e map[string]any, value string) (any, error) {
	if value == "" {
		return nil, nil
	}
	key, _ := holder(str(e, "type"))
	switch key {
	case "selected_option", "selected_options":
		options := choices(e)
		i := slices.IndexFunc(options, func(o map[string]any) bool {
			return str(o, "value") == value || str(object(o, "text"), "text") == value
		})
		if i < 0 {
			return nil, fmt.Errorf("there is no option %q", value)
		}
		return clone(options[i]), nil
	case "selected_user", "selected_users":
		if p := w.people[value]; p == nil || p.Deleted {
			return nil, fmt.Errorf("there is nobody %q to choose", value)
		}
	}
	return value, nil
}

// offered is a state value in the element's own words of today, without choices that it no longer offers; nil if it
// was the one choice and is gone.
func offered(e, value map[string]any) map[string]any {
	key, _ := holder(str(e, "type"))
	again := func(chosen any) any {
		o, _ := chosen.(map[string]any) // nothing, if nothing was chosen
		for _, option := range choices(e) {
			if str(option, "value") == str(o, "value") {
				return clone(option)
			}
		}
		return nil
	}
	switch key {
	case "selected_option":
		if option := again(value[key]); option != nil || value[key] == nil {
			return map[string]any{"type": value["type"], key: option}
		}
		return nil
	case "selected_options":
		chosen := []any{}
		list, _ := value[key].([]any) // a list, always
		for _, one := range list {
			if option := again(one); option != nil {
				chosen = append(chosen, option)
			}
		}
		return map[string]any{"type": value["type"], key: chosen}
	}
	return value
}
