package sandbox

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"time"
)

// extras are the rules about several fields at once.
var extras = map[string]func(c *checker, o map[string]any, at string){
	"section":             checkSection,
	"actions":             checkActions,
	"input":               checkInput,
	"image":               checkImage,
	"button":              checkURL,
	"static_select":       checkChoices,
	"multi_static_select": checkChoices,
	"checkboxes":          checkChoices,
	"radio_buttons":       checkChoices,
	"datepicker":          checkDate,
	"plain_text_input":    checkLengths,
}

func checkSection(c *checker, o map[string]any, at string) {
	if o["text"] == nil && o["fields"] == nil {
		c.add(at, "missing required field: text or fields")
	}
}

func checkActions(c *checker, o map[string]any, at string) {
	seen := map[string]bool{}
	for i, e := range objects(o["elements"]) {
		id := str(e, "action_id")
		if id != "" && seen[id] {
			c.add(fmt.Sprintf("%s/elements/%d/action_id", at, i), "action_id %q already exists for another element", id)
		}
		seen[id] = true
	}
}

// checkInput keeps files to modals, and to inputs that say nothing before the modal is sent: Slack calls file_input an
// unsupported type everywhere else.
func checkInput(c *checker, o map[string]any, at string) {
	isFile := str(object(o, "element"), "type") == "file_input"
	if isFile && (c.surface != "modal" || truthy(o["dispatch_action"])) {
		c.add(at+"/element/type", "unsupported type: file_input")
	}
}

func checkImage(c *checker, o map[string]any, at string) {
	if (o["image_url"] == nil) == (o["slack_file"] == nil) {
		c.add(at, "must have exactly one of: image_url, slack_file")
	}
}

func checkURL(c *checker, o map[string]any, at string) {
	if link := str(o, "url"); link != "" {
		if u, err := url.Parse(link); err != nil || u.Scheme == "" {
			c.add(at+"/url", "invalid url")
		}
	}
}

// checkChoices wants one source of options, every value once, and the chosen ones among them.
func checkChoices(c *checker, o map[string]any, at string) {
	if (o["options"] == nil) == (o["option_groups"] == nil) {
		c.add(at, "must have exactly one of: options, option_groups")
	}
	all, values := choices(o), map[string]bool{}
	for _, option := range all {
		if values[str(option, "value")] {
			c.add(at+"/options", "option value %q already exists", str(option, "value"))
		}
		values[str(option, "value")] = true
	}
	initial := objects(o["initial_options"])
	if one := object(o, "initial_option"); one != nil {
		initial = append(initial, one)
	}
	for _, option := range initial {
		if !slices.ContainsFunc(all, func(other map[string]any) bool { return reflect.DeepEqual(option, other) }) {
			c.add(at+"/initial_option", "must be one of the options")
		}
	}
}

// choices are all options of an element, in groups or not.
func choices(e map[string]any) []map[string]any {
	all := objects(e["options"])
	for _, g := range objects(e["option_groups"]) {
		all = append(all, objects(g["options"])...)
	}
	return all
}

func checkDate(c *checker, o map[string]any, at string) {
	if date := str(o, "initial_date"); date != "" {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			c.add(at+"/initial_date", "must be a date: YYYY-MM-DD")
		}
	}
}

func checkLengths(c *checker, o map[string]any, at string) {
	least, ok1 := o["min_length"].(float64)
	most, ok2 := o["max_length"].(float64)
	if ok1 && ok2 && least > most {
		c.add(at+"/min_length", "must not be more than max_length")
	}
}
