package sandbox

import "slices"

func viewsOpen(w *World, c *apiCall) answer {
	return w.opened(c, func(t *trigger, content map[string]any) (*view, string) {
		return w.openLocked(t.user, content), ""
	})
}

func viewsPush(w *World, c *apiCall) answer {
	return w.opened(c, func(t *trigger, content map[string]any) (*view, string) {
		stack := w.stacks[t.user]
		switch {
		case t.viewID == "" || len(stack) == 0:
			return nil, "invalid_trigger_id"
		case len(stack) >= maxDepth:
			return nil, "push_limit_reached"
		}
		return w.pushLocked(t.user, content), ""
	})
}

// opened validates the view, takes the trigger, and shows the view with put.
func (w *World) opened(c *apiCall, put func(*trigger, map[string]any) (*view, string)) answer {
	content, id := c.object("view"), c.string("trigger_id")
	if id == "" {
		return refuse("invalid_arguments", "[ERROR] missing required field: trigger_id [json-pointer:/trigger_id]")
	}
	if code, details := w.viewProblemLocked(content, "modal", nil); code != "" {
		return refuse(code, details...)
	}
	t, code := w.useTriggerLocked(id)
	if code != "" {
		return refuse(code)
	}
	v, code := put(t, content)
	if code != "" {
		return refuse(code)
	}
	return accept("view", v.wire())
}

func viewsUpdate(w *World, c *apiCall) answer {
	content := c.object("view")
	v := w.findViewLocked(c.string("view_id"), c.string("external_id"))
	if v == nil {
		return refuse("not_found")
	}
	if code, details := w.viewProblemLocked(content, str(v.json, "type"), v); code != "" {
		return refuse(code, details...)
	}
	if hash := c.string("hash"); hash != "" && hash != v.hash {
		return refuse("hash_conflict")
	}
	w.setLocked(v, content)
	return accept("view", v.wire())
}

func viewsPublish(w *World, c *apiCall) answer {
	user := c.string("user_id")
	p := w.people[user]
	if p == nil || p.external() || p.Bot || p.Deleted {
		return refuse("invalid_arguments", "[ERROR] user not found [json-pointer:/user_id]")
	}
	content, v := c.object("view"), w.homes[user]
	if code, details := w.viewProblemLocked(content, "home", v); code != "" {
		return refuse(code, details...)
	}
	if hash := c.string("hash"); hash != "" && v != nil && hash != v.hash {
		return refuse("hash_conflict")
	}
	if v == nil {
		v = w.newViewLocked(user, content)
		w.homes[user] = v
	} else {
		w.setLocked(v, content)
	}
	return accept("view", v.wire())
}

// liveLocked reports whether the view is still in front of its owner.
func (w *World) liveLocked(v *view) bool { return slices.Contains(w.stacks[v.owner], v) }
