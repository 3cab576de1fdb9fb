// Fields: text, menus, choices, dates, people; with label, hint and error.

import { h } from "/page/dom.js";
import { named } from "/page/emoji.js";
import { app, list, str } from "/page/store.js";
import { textObject } from "/page/blocks.js";
import { dispatch, typed } from "/page/elements.js";
import { files } from "/page/files.js";
import { setValue, slot, valueOf } from "/page/values.js";

export const FIELDS = new Set(["plain_text_input", "email_text_input", "url_text_input", "number_input", "static_select", "multi_static_select",
  "users_select", "multi_users_select", "conversations_select", "channels_select", "datepicker", "timepicker", "checkboxes", "radio_buttons", "file_input"]);

const GROUPS = new Set(["checkboxes", "radio_buttons", "multi_static_select", "multi_users_select", "file_input"]);

// field draws an input block: its label, its control, then hint and error.
export function field(where, b) {
  const e = b.element ?? {};
  const id = `${where.scope}/${str(b.block_id)}`;
  const error = str(where.errors?.[b.block_id]);
  const label = [h("span", {}, named(str(b.label?.text))), b.optional && h("span", { class: "optional" }, " (optional)")];
  const group = GROUPS.has(e.type);
  return h("div", { class: `input${error ? " wrong" : ""}` },
    group ? h("div", { class: "label", id: `${id}/label` }, label) : h("label", { class: "label", for: id }, label),
    FIELDS.has(e.type)
      ? control(where, b, e, { id, error, labelled: group ? `${id}/label` : null, chosen: b.dispatch_action ? () => dispatch(where, b, e) : null })
      : h("span", { class: "unknown" }, `This page cannot show a ${str(e.type)}.`),
    error && h("div", { class: "error", role: "alert", id: `${id}/error`, key: "error", "data-testid": `error-${str(b.block_id)}` }, error),
    atEnter(b, e) && h("div", { class: "hint", key: "enter" }, "Press Enter to look this up."),
    b.hint && h("div", { class: "hint", id: `${id}/hint`, key: "hint" }, textObject(b.hint)));
}

const triggers = (e) => list(e.dispatch_action_config?.trigger_actions_on);
const atCharacter = (b, e) => b.dispatch_action && triggers(e).includes("on_character_entered");
const atEnter = (b, e) => b.dispatch_action && TEXTS.has(e.type) && !e.multiline
  && (triggers(e).length === 0 || triggers(e).includes("on_enter_pressed"));

// control draws the part that is filled in. chosen, if there is one, hears when
// something has been chosen.
export function control(where, b, e, { id, error, labelled, chosen }) {
  const take = (value) => {
    setValue(where, b, e, value);
    chosen?.();
  };
  const inBlock = id !== undefined;
  const common = {
    id: id ?? null,
    "data-testid": inBlock ? `field-${str(b.block_id)}` : `action-${str(e.action_id)}`,
    "aria-invalid": error ? "true" : null,
    "aria-describedby": [error && `${id}/error`, b.hint && inBlock && `${id}/hint`].filter(Boolean).join(" ") || null,
    "aria-label": inBlock ? null : str(e.placeholder?.text) || str(b.text?.text) || str(e.action_id),
    "aria-labelledby": labelled ?? null,
  };
  switch (e.type) {
    case "static_select": return menu(common, b, e, optionsOf(e), where, take);
    case "users_select": return menu(common, b, e, people(), where, take);
    case "conversations_select":
    case "channels_select": return menu(common, b, e, channels(), where, take);
    case "radio_buttons": return choices(common, where, b, e, "radio", list(e.options), take);
    case "checkboxes": return choices(common, where, b, e, "checkbox", list(e.options), take);
    case "multi_static_select": return choices(common, where, b, e, "checkbox", optionsOf(e).flatMap((g) => g.options), take);
    case "multi_users_select": return choices(common, where, b, e, "checkbox", people()[0].options, take);
    case "datepicker": return picker({ ...common, type: "date" }, where, b, e, take);
    case "timepicker": return picker({ ...common, type: "time" }, where, b, e, take);
    case "file_input": return files(common, where, b, e);
    default: return textField(common, where, b, e);
  }
}

const TEXTS = new Set(["plain_text_input", "email_text_input", "url_text_input", "number_input"]);
const TYPES = { email_text_input: "email", url_text_input: "url", number_input: "number" };

function textField(common, where, b, e) {
  const max = Number(e.max_length) || null;
  const value = valueOf(where, b, e) ?? "";
  const props = {
    ...common,
    value,
    placeholder: str(e.placeholder?.text) || null,
    maxlength: max,
    autofocus: e.focus_on_load ? true : null,
    autocomplete: "off",
    oninput: (event) => {
      setValue(where, b, e, event.target.value);
      if (atCharacter(b, e)) typed(where, b, e);
    },
    onkeydown: (event) => {
      if (event.key !== "Enter" || event.isComposing || !atEnter(b, e)) return;
      event.preventDefault();
      dispatch(where, b, e);
    },
  };
  if (e.multiline) return h("textarea", { ...props, rows: 3 });
  // Not type=email: the field must keep what was typed exactly, and the app judges it.
  const type = TYPES[e.type] ?? "text";
  return h("input", { ...props, type: "text", inputmode: { email: "email", url: "url", number: "decimal" }[type] ?? null, spellcheck: type === "text" ? null : "false" });
}

function picker(props, where, b, e, take) {
  const input = h("input", { ...props, value: valueOf(where, b, e) ?? "", onchange: (event) => take(event.target.value || null) });
  const hint = str(e.placeholder?.text); // browsers show none in a date, and beside buttons there is no label
  return hint && b.type === "actions" ? h("label", { class: "picker" }, h("span", {}, hint), input) : input;
}

function optionsOf(e) {
  if (!e.option_groups) return [{ options: list(e.options) }];
  return list(e.option_groups).map((g) => ({ label: str(g.label?.text), options: list(g.options) }));
}

const option = (value, text) => ({ value, text: { type: "plain_text", text } });

function people() {
  const active = list(app.state?.people).filter((p) => !["bot", "deactivated"].includes(p.role));
  return [{ options: active.map((p) => option(p.id, str(p.real_name || p.name))) }];
}

function channels() {
  return [{ options: list(app.state?.channels).filter((c) => c.kind !== "dm").map((c) => option(c.id, `#${str(c.name)}`)) }];
}

function menu(common, b, e, groups, where, take) {
  const byOption = slot(e) === "selected_option";
  const value = valueOf(where, b, e);
  const all = groups.flatMap((g) => g.options);
  const draw = (o) => h("option", { value: str(o.value), key: str(o.value) }, str(o.text?.text));
  const shown = byOption ? str(value?.value) : str(value);
  return h("div", { class: "select" }, h("select", {
    ...common,
    class: shown ? null : "empty",
    value: shown,
    onchange: (event) => {
      const chosen = all.find((o) => o.value === event.target.value) ?? null;
      take(byOption ? chosen : (chosen?.value ?? null));
    },
  },
  h("option", { value: "", key: "", disabled: b.type === "input" && !b.optional, hidden: b.type === "input" && !b.optional ? true : null }, str(e.placeholder?.text) || "Select an option"),
  groups.map((g, i) => (g.label ? h("optgroup", { key: `g${i}`, label: g.label }, g.options.map(draw)) : g.options.map(draw)))));
}

function choices(common, where, b, e, type, options, take) {
  const bare = slot(e) === "selected_users";
  const many = type === "checkbox";
  const kept = valueOf(where, b, e);
  const chosen = (many ? list(kept) : [kept].filter(Boolean)).map((o) => (bare ? o : o.value));
  const pick = (o, on) => {
    if (!many) return take(o);
    const values = options.filter((x) => (x.value === o.value ? on : chosen.includes(x.value)));
    take(bare ? values.map((x) => x.value) : values);
  };
  const name = `${where.scope}/${str(b.block_id)}/${str(e.action_id)}`;
  return h("div", { ...common, class: `choices${options.length > 10 ? " many" : ""}`, role: many ? "group" : "radiogroup" }, options.map((o) =>
    h("label", { class: "choice", key: str(o.value) },
      h("input", { type, name, value: str(o.value), checked: chosen.includes(o.value), "data-testid": `choice-${str(o.value)}`, onchange: (event) => pick(o, event.target.checked) }),
      h("span", {}, textObject(o.text), o.description && h("span", { class: "description" }, textObject(o.description))))));
}
