package sandbox

import (
	"maps"
	"slices"
	"strings"
)

// View is a modal, or the Home tab, as the person sees it.
type View struct {
	ID, CallbackID, ExternalID, PrivateMetadata string
	Title, Submit, Close                        string
	Hash                                        string
	Blocks                                      []map[string]any
	Errors                                      map[string]string // block ID to the sentence under it
	Values                                      map[string]map[string]map[string]any
	Depth                                       int    // 1 for the first modal of a stack; 0 for Home
	Text                                        string // of all blocks, one a line, as a person reads them

	names map[string]string // what IDs are shown as
}

func (w *World) shownLocked(v *view) *View {
	if v == nil {
		return nil
	}
	blocks := objects(v.json["blocks"])
	mentioned := newReader(nil)
	mentioned.blocks(blocks)
	maps.Copy(mentioned.seen, people(v.values))
	names := w.namesLocked(mentioned.seen)
	return &View{
		ID: v.id, CallbackID: str(v.json, "callback_id"), ExternalID: str(v.json, "external_id"),
		PrivateMetadata: str(v.json, "private_metadata"),
		Title:           str(object(v.json, "title"), "text"), Submit: str(object(v.json, "submit"), "text"),
		Close: str(object(v.json, "close"), "text"), Hash: v.hash, Blocks: clone(blocks), Errors: maps.Clone(v.errors),
		Values: cloneValues(v.values), Depth: slices.Index(w.stacks[v.owner], v) + 1,
		Text: newReader(names).blocks(blocks), names: names,
	}
}

// Field is what the field with this label, block ID or action ID holds, as a person reads it: the text, the texts of
// the options chosen, the date, people's names, the names of files; several with commas between them. It is empty for
// an empty field and for one that is not there.
func (v *View) Field(name string) string {
	e, ok := fieldOf(v.Blocks, name)
	if !ok {
		return ""
	}
	id := e.id()
	value := v.Values[id.block][id.action]
	key, _ := holder(str(e.element, "type"))
	held, many := value[key].([]any)
	if !many {
		held = []any{value[key]}
	}
	var parts []string
	for _, one := range held {
		switch one := one.(type) {
		case string:
			if strings.HasSuffix(str(value, "type"), "users_select") {
				one = v.names[one]
			}
			parts = append(parts, one)
		case map[string]any: // an option, or a file
			parts = append(parts, str(object(one, "text"), "text")+str(one, "name"))
		}
	}
	return strings.Join(parts, ", ")
}

// people are the IDs of all who have been chosen somewhere.
func people(values map[string]map[string]map[string]any) map[string]bool {
	ids := map[string]bool{}
	for _, actions := range values {
		for _, value := range actions {
			several, _ := value["selected_users"].([]any) // most fields hold no people
			for _, id := range append(several, value["selected_user"]) {
				if id, ok := id.(string); ok {
					ids[id] = true
				}
			}
		}
	}
	return ids
}

// Error is the sentence under the field with this label, block ID or action ID, if there is one.
func (v *View) Error(name string) string {
	e, ok := fieldOf(v.Blocks, name)
	if !ok {
		return ""
	}
	return v.Errors[e.id().block]
}

// Buttons lists the texts of the view's buttons, but for those that send or close it.
func (v *View) Buttons() []string { return buttons(v.Blocks) }
