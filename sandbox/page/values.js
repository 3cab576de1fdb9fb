// What has been filled in, in Slack's own shapes. It is kept by the view's and
// the field's names, so it outlives every redrawing and updating of the view.
// What this browser has not touched is as the sandbox says; so are files, which
// are sent when they are attached.

import { list, redraw, str, ui } from "/page/store.js";

const TEXT = new Set(["plain_text_input", "email_text_input", "url_text_input", "number_input"]);
const INITIAL = {
  static_select: ["selected_option", "initial_option", null],
  external_select: ["selected_option", "initial_option", null],
  radio_buttons: ["selected_option", "initial_option", null],
  multi_static_select: ["selected_options", "initial_options", []],
  checkboxes: ["selected_options", "initial_options", []],
  users_select: ["selected_user", "initial_user", null],
  multi_users_select: ["selected_users", "initial_users", []],
  conversations_select: ["selected_conversation", "initial_conversation", null],
  channels_select: ["selected_channel", "initial_channel", null],
  datepicker: ["selected_date", "initial_date", null],
  timepicker: ["selected_time", "initial_time", null],
  file_input: ["files", "", []],
};

const place = (where, b, e) => `${where.scope}/${str(b.block_id)}/${str(e.action_id)}`;

// slot names the key under which an element of this type carries its value.
export const slot = (e) => (TEXT.has(e.type) ? "value" : INITIAL[e.type]?.[0]);

export function valueOf(where, b, e) {
  const kept = ui.values.get(place(where, b, e)) ?? where.state?.[b.block_id]?.[e.action_id];
  if (kept && kept.type === e.type) return offered(e, kept[slot(e)]);
  if (TEXT.has(e.type)) return e.initial_value === undefined ? null : str(e.initial_value);
  const [, initial, empty] = INITIAL[e.type] ?? [];
  return e[initial] ?? empty;
}

// offered is a value without choices that the element no longer offers.
function offered(e, value) {
  if (!slot(e).startsWith("selected_option")) return value;
  const all = [...list(e.options), ...list(e.option_groups).flatMap((g) => list(g.options))];
  const again = (o) => all.find((x) => x.value === o?.value);
  return Array.isArray(value) ? value.map(again).filter(Boolean) : (again(value) ?? null);
}

export function setValue(where, b, e, value) {
  ui.values.set(place(where, b, e), { type: e.type, [slot(e)]: value });
  redraw();
}

// forget drops what was typed into views that are no longer there.
export function forget(prefix, keep) {
  for (const key of ui.values.keys()) {
    if (key.startsWith(prefix) && !keep.some((k) => key.startsWith(k))) ui.values.delete(key);
  }
}

function stateful(b) {
  if (b.type === "input") return [b.element];
  if (b.type === "actions") return list(b.elements);
  return b.accessory ? [b.accessory] : [];
}

// collect gives the state of all the fields among blocks, as Slack sends it.
export function collect(where, blocks) {
  const state = {};
  for (const b of list(blocks)) {
    for (const e of stateful(b)) {
      if (!e || !slot(e) || e.type === "file_input") continue;
      const value = valueOf(where, b, e);
      (state[str(b.block_id)] ??= {})[str(e.action_id)] = { type: e.type, [slot(e)]: value === "" ? null : value };
    }
  }
  return state;
}

// missing lists the required fields that are empty, as the client itself does
// before anything is sent.
export function missing(where, blocks) {
  const found = {};
  for (const b of list(blocks)) {
    if (b.type !== "input" || b.optional || !b.element) continue;
    const value = valueOf(where, b, b.element);
    if (value === null || value === undefined || value === "" || value.length === 0) {
      found[str(b.block_id)] = "Please complete this required field.";
    }
  }
  return found;
}
