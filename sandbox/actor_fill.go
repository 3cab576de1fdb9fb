package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// faulty is the error of a submission with faults: one line for each.
func faulty(sentences map[string]string) error {
	var lines []error
	for _, id := range slices.Sorted(maps.Keys(sentences)) {
		lines = append(lines, fmt.Errorf("%s: %s", id, sentences[id]))
	}
	return errors.Join(lines...)
}

// Fill sets the input of the top modal with this label or block ID: text by value, a choice by the option's text or
// value, a date as YYYY-MM-DD, a person by user ID. Elements that take several choices take one more with each call;
// "" clears. Nothing is sent.
func (a *Actor) Fill(label, value string) error {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.topLocked(a.id)
	if v == nil {
		return errors.New("no modal is open")
	}
	var labels []string
	for _, b := range objects(v.json["blocks"]) {
		if str(b, "type") != "input" {
			continue
		}
		shown := str(object(b, "label"), "text")
		labels = append(labels, shown)
		block, e := str(b, "block_id"), object(b, "element")
		if shown != label && block != label {
			continue
		}
		id := str(e, "action_id")
		chosen, err := chose(e, v.values[block][id], value)
		if err != nil {
			return fmt.Errorf("filling %s: %w", label, err)
		}
		put(v.values, block, id, chosen)
		w.touchLocked()
		return nil
	}
	return fmt.Errorf("the modal has no input %q, only %q", label, labels)
}

// enter takes over what the page has in the inputs of the top modal.
func (a *Actor) enter(state map[string]map[string]map[string]any) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if v := a.w.topLocked(a.id); v != nil {
		v.values = merged(v.values, state)
	}
}

// merged is the values with those of state in their places; state cannot add inputs that are not there.
func merged(values, state map[string]map[string]map[string]any) map[string]map[string]map[string]any {
	for block, actions := range values {
		for id, old := range actions {
			if v := state[block][id]; v != nil {
				v = clone(v)
				v["type"] = old["type"]
				actions[id] = v
			}
		}
	}
	return values
}

func put(values map[string]map[string]map[string]any, block, action string, value map[string]any) {
	if values[block] == nil {
		values[block] = map[string]map[string]any{}
	}
	values[block][action] = value
}

// initialValues is the state of blocks that nobody has touched. Buttons and menus of overflow have none.
func initialValues(blocks []map[string]any) map[string]map[string]map[string]any {
	values := map[string]map[string]map[string]any{}
	for e := range elements(blocks) {
		kind := str(e.element, "type")
		if kind == "button" || kind == "overflow" {
			continue
		}
		key, initial := holder(kind)
		value := map[string]any{"type": kind, key: cloneAny(e.element[initial])}
		if list, ok := value[key].([]any); key == "selected_options" && !ok {
			value[key] = append([]any{}, list...)
		}
		put(values, str(e.block, "block_id"), str(e.element, "action_id"), value)
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
	case "datepicker":
		return "selected_date", "initial_date"
	case "overflow":
		return "selected_option", ""
	}
	return "value", "initial_value"
}

// chose is an element's state after somebody entered or chose value.
func chose(e, before map[string]any, value string) (map[string]any, error) {
	kind := str(e, "type")
	key, _ := holder(kind)
	after := map[string]any{"type": kind, key: nil}
	switch key {
	case "selected_option", "selected_options":
		options := choices(e)
		i := slices.IndexFunc(options, func(o map[string]any) bool {
			return value != "" && (str(o, "value") == value || str(object(o, "text"), "text") == value)
		})
		if i < 0 && value != "" {
			return nil, fmt.Errorf("there is no option %q", value)
		}
		if key == "selected_option" {
			if i >= 0 {
				after[key] = clone(options[i])
			}
			return after, nil
		}
		selected, _ := before[key].([]any) // nothing chosen yet
		after[key] = []any{}
		if i >= 0 {
			after[key] = append(slices.Clone(selected), any(clone(options[i])))
		}
		return after, nil
	}
	if value != "" {
		after[key] = value
	}
	return after, nil
}

// unfit is what Slack itself finds wrong before it sends a modal: block ID to sentence.
func unfit(blocks []map[string]any, values map[string]map[string]map[string]any) map[string]string {
	found := map[string]string{}
	for _, b := range blocks {
		if str(b, "type") != "input" {
			continue
		}
		e := object(b, "element")
		state := values[str(b, "block_id")][str(e, "action_id")]
		if sentence := unfitValue(e, state, truthy(b["optional"])); sentence != "" {
			found[str(b, "block_id")] = sentence
		}
	}
	return found
}

func unfitValue(e, state map[string]any, optional bool) string {
	key, _ := holder(str(e, "type"))
	list, isList := state[key].([]any)
	if state[key] == nil || state[key] == "" || isList && len(list) == 0 {
		state[key] = emptied(state[key])
		if optional {
			return ""
		}
		return "Please complete this required field."
	}
	s := str(state, key)
	switch str(e, "type") {
	case "email_text_input":
		if at, err := mail.ParseAddress(s); err != nil || at.Address != s {
			return "Please enter a valid email address."
		}
	case "url_text_input":
		if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Host == "" {
			return "Please enter a valid URL."
		}
	case "number_input":
		return unfitNumber(e, s)
	case "datepicker":
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return "Please enter a valid date."
		}
	case "plain_text_input":
		n := float64(utf8.RuneCountInString(s))
		if least, ok := e["min_length"].(float64); ok && n < least {
			return fmt.Sprintf("Please enter at least %g characters.", least)
		}
		most, ok := e["max_length"].(float64)
		if !ok {
			most = 3000
		}
		if n > most {
			return fmt.Sprintf("Please enter no more than %g characters.", most)
		}
	}
	return ""
}

// emptied is what Slack sends for an input that holds nothing.
func emptied(v any) any {
	if _, ok := v.([]any); ok {
		return []any{}
	}
	return nil
}

func unfitNumber(e map[string]any, s string) string {
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return "Please enter a valid number."
	case !truthy(e["is_decimal_allowed"]) && strings.Contains(s, "."):
		return "Please enter a whole number."
	}
	if least, err := strconv.ParseFloat(str(e, "min_value"), 64); err == nil && n < least {
		return fmt.Sprintf("Please enter a number of at least %g.", least)
	}
	if most, err := strconv.ParseFloat(str(e, "max_value"), 64); err == nil && n > most {
		return fmt.Sprintf("Please enter a number of at most %g.", most)
	}
	return ""
}
