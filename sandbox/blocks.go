package sandbox

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
)

// placed is an interactive element and the block it is in.
type placed struct {
	block, element map[string]any
}

func (e placed) id() inputID { return inputID{str(e.block, "block_id"), str(e.element, "action_id")} }

// elements goes through the elements of blocks that a person can use, in reading order.
func elements(blocks []map[string]any) iter.Seq[placed] {
	return func(yield func(placed) bool) {
		for _, b := range blocks {
			var found []map[string]any
			switch str(b, "type") {
			case "actions":
				found = objects(b["elements"])
			case "input":
				found = []map[string]any{object(b, "element")}
			case "section":
				found = []map[string]any{object(b, "accessory")}
			}
			for _, e := range found {
				if e != nil && str(e, "type") != "image" && !yield(placed{b, e}) {
					return
				}
			}
		}
	}
}

// checker collects what Slack would say about blocks on a surface: message, modal or home.
type checker struct {
	surface  string
	problems []string
}

func (c *checker) add(at, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf("[ERROR] %s [json-pointer:%s]", fmt.Sprintf(format, args...), at))
}

// checkBlocks says what is wrong with the blocks of a message; each sentence ends in a JSON pointer to the fault.
func checkBlocks(raw any, limit int, at string) []string {
	c := &checker{surface: "message"}
	c.blocks(raw, limit, at)
	return c.problems
}

// checkView says what is wrong with a modal or Home view.
func checkView(content map[string]any) []string {
	kind := str(content, "type")
	c := &checker{surface: kind}
	c.fields(content, views[kind], true, "/view")
	blocks := objects(content["blocks"])
	c.blocks(content["blocks"], maxViewBlocks, "/view/blocks")
	hasInput := slices.ContainsFunc(blocks, func(b map[string]any) bool { return str(b, "type") == "input" })
	if kind == "modal" && hasInput && content["submit"] == nil {
		c.add("/view/submit", "missing required field: submit")
	}
	return c.problems
}

func (c *checker) blocks(raw any, limit int, at string) {
	list, ok := raw.([]any)
	if !ok {
		c.add(at, "must provide an array")
		return
	}
	if len(list) > limit {
		c.add(at, "no more than %d items allowed", limit)
	}
	ids := map[string]bool{}
	for i, item := range list {
		here := fmt.Sprintf("%s/%d", at, i)
		c.shape(item, blockTypes, here)
		b, _ := item.(map[string]any) // shape has complained if it is none
		if id := str(b, "block_id"); id != "" {
			if ids[id] {
				c.add(here+"/block_id", "block_id %q already exists", id)
			}
			ids[id] = true
		}
	}
	c.focus(objects(raw), at)
}

// focus lets one element of a surface take the focus, not two.
func (c *checker) focus(blocks []map[string]any, at string) {
	focused := 0
	for e := range elements(blocks) {
		if truthy(e.element["focus_on_load"]) {
			focused++
		}
	}
	if focused > 1 {
		c.add(at, "focus_on_load can be set for one element only")
	}
}

// shape checks an object whose type must be one of these.
func (c *checker) shape(v any, types []string, at string) {
	o, ok := v.(map[string]any)
	if !ok {
		c.add(at, "must provide an object")
		return
	}
	kind, ok := o["type"].(string)
	if !ok {
		c.add(at, "missing required field: type")
		return
	}
	if !slices.Contains(types, kind) {
		c.add(at+"/type", "unsupported type: %s", kind)
		return
	}
	c.fields(o, shapes[kind], true, at)
	if extra := extras[kind]; extra != nil {
		extra(c, o, at)
	}
}

// fields checks the fields of an object against their rules; fields without a rule are refused, but for the type of
// objects that have one.
func (c *checker) fields(o map[string]any, rules fields, typed bool, at string) {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		rule, known := rules[key]
		switch {
		case typed && key == "type":
		case !known:
			c.add(at, "invalid additional property: %s", key)
		default:
			c.value(o[key], rule, at+"/"+key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(rules)) {
		if _, there := o[key]; rules[key].required && !there {
			c.add(at, "missing required field: %s", key)
		}
	}
}

func (c *checker) value(v any, r rule, at string) {
	switch r.kind {
	case aString:
		s, ok := v.(string)
		if !ok {
			c.add(at, "must provide a string")
			return
		}
		c.length(s, r, at)
		if len(r.of) > 0 && !slices.Contains(r.of, s) {
			c.add(at, "must be one of: %s", strings.Join(r.of, ", "))
		}
	case aBool:
		if _, ok := v.(bool); !ok {
			c.add(at, "must provide a boolean")
		}
	case aNumber:
		n, ok := v.(float64)
		if !ok {
			c.add(at, "must provide a number")
		} else if r.max > 0 && (n < float64(r.min) || n > float64(r.max)) {
			c.add(at, "must be between %d and %d", r.min, r.max)
		}
	case aText:
		c.shape(v, r.of, at)
		if o, ok := v.(map[string]any); ok {
			if r.max < maxTextObject {
				c.length(str(o, "text"), r, at+"/text")
			}
		}
	case anObject:
		c.shape(v, r.of, at)
	case aRecord:
		if o, ok := v.(map[string]any); ok {
			c.fields(o, records[r.of[0]], false, at)
		} else {
			c.add(at, "must provide an object")
		}
	case aList:
		c.list(v, r, at)
	case anything:
	}
}

func (c *checker) list(v any, r rule, at string) {
	list, ok := v.([]any)
	if !ok {
		c.add(at, "must provide an array")
		return
	}
	if len(list) < r.min {
		c.add(at, "no fewer than %d items allowed", r.min)
	}
	if r.max > 0 && len(list) > r.max {
		c.add(at, "no more than %d items allowed", r.max)
	}
	for i, item := range list {
		c.value(item, *r.item, fmt.Sprintf("%s/%d", at, i))
	}
}

func (c *checker) length(s string, r rule, at string) {
	switch n := utf8.RuneCountInString(s); {
	case n < r.min:
		c.add(at, "must be more than %d characters", r.min-1)
	case r.max > 0 && n > r.max:
		c.add(at, "must be less than %d characters", r.max+1)
	}
}
