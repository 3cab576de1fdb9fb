package sandbox

import (
	"cmp"
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

// Fill sets the field of the top modal with this label, block ID or action ID: text by value, a choice by the option's
// text or value, a date as YYYY-MM-DD, a person by user ID. Fields that take several choices take one more with each
// call; "" clears. Nothing is sent, even where the app asked to hear of it at once: Type, Pick and Tick do that.
func (a *Actor) Fill(label, value string) error {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	v, e, err := w.fieldLocked(a.id, label)
	if err != nil {
		return err
	}
	id := e.id()
	chosen, err := w.choseLocked(e.element, v.values[id.block][id.action], value)
	if err != nil {
		return fmt.Errorf("filling %s: %w", label, err)
	}
	v.enter(id, chosen)
	w.touchLocked()
	return nil
}

// fieldLocked is a field of the modal in front of the person.
func (w *World) fieldLocked(user, name string) (*view, placed, error) {
	v := w.topLocked(user)
	if v == nil {
		return nil, placed{}, errors.New("no modal is open")
	}
	e, ok := fieldOf(objects(v.json["blocks"]), name)
	if !ok {
		return nil, placed{}, fmt.Errorf("the modal has no field %q, only %q", name, fieldNames(objects(v.json["blocks"])))
	}
	return v, e, nil
}

// fieldOf finds what can be filled in by its label, block ID or action ID, in this order.
func fieldOf(blocks []map[string]any, name string) (placed, bool) {
	for _, is := range []func(placed) bool{
		func(e placed) bool { return str(object(e.block, "label"), "text") == name },
		func(e placed) bool { return e.id().block == name },
		func(e placed) bool { return e.id().action == name },
	} {
		for e := range elements(blocks) {
			if e.holds() && is(e) {
				return e, true
			}
		}
	}
	return placed{}, false
}

func fieldNames(blocks []map[string]any) []string {
	var names []string
	for e := range elements(blocks) {
		if e.holds() {
			names = append(names, cmp.Or(str(object(e.block, "label"), "text"), e.id().action))
		}
	}
	return names
}

// enter takes over what the page has in the inputs of the top modal.
func (a *Actor) enter(state map[string]map[string]map[string]any) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if v := a.w.topLocked(a.id); v != nil {
		v.take(state)
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
