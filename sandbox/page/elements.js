// Interactive elements that act at once: buttons, menus, pickers outside forms.

import { h } from "/page/dom.js";
import { named } from "/page/emoji.js";
import { control, FIELDS } from "/page/fields.js";
import { act, app, list, redraw, str, ui } from "/page/store.js";
import { safe } from "/page/text.js";
import { collect } from "/page/values.js";

export function element(where, b, e) {
  switch (e.type) {
    case "button": return button(where, b, e);
    case "workflow_button": return button(where, b, e);
    case "overflow": return overflow(where, b, e);
    default:
      if (FIELDS.has(e.type)) return control(where, b, e, { chosen: () => dispatch(where, b, e) });
      return h("span", { class: "unknown" }, `This page cannot show a ${str(e.type)}.`);
  }
}

const busyKey = (where, b, e) => `${where.scope}/${str(b.block_id)}/${str(e.action_id)}`;

function button(where, b, e) {
  const busy = ui.busy.has(busyKey(where, b, e));
  const style = ["primary", "danger"].includes(e.style) ? e.style : "";
  const inside = [busy && h("span", { class: "spinner", key: "spinner", "aria-hidden": "true" }), h("span", { class: "label" }, named(str(e.text?.text)))];
  return h("button", {
    type: "button",
    class: `btn ${style}`,
    disabled: busy,
    "aria-busy": busy ? "true" : null,
    "aria-label": e.accessibility_label ?? null,
    "data-testid": `action-${str(e.action_id)}`,
    onclick: () => {
      const url = e.url && safe(e.url);
      if (url) window.open(url.href, "_blank", "noopener,noreferrer");
      press(where, b, e, str(e.value));
    },
  }, inside);
}

function overflow(where, b, e) {
  const key = busyKey(where, b, e);
  const open = ui.menu === key;
  const toggle = (to) => {
    ui.menu = to ? key : "";
    redraw();
  };
  return h("div", { class: "overflow" },
    h("button", {
      type: "button", class: "btn dots", "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": String(open),
      disabled: ui.busy.has(key), "data-testid": `action-${str(e.action_id)}`, onclick: () => toggle(!open),
    }, "⋯"),
    open && h("div", { class: "menu", role: "menu", key: "menu", mount: (n) => n.querySelector("button")?.focus(), onkeydown: (event) => menuKeys(event, () => toggle(false)) },
      list(e.options).map((o) => h("button", {
        type: "button", role: "menuitem", "data-testid": `option-${str(o.value)}`,
        onclick: () => {
          toggle(false);
          press(where, b, e, str(o.value));
        },
      }, named(str(o.text?.text))))));
}

function menuKeys(event, close) {
  const items = [...event.currentTarget.querySelectorAll("button")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) items.at((items.indexOf(document.activeElement) + step) % items.length)?.focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// press does what the element is for, after its confirm dialog if it has one.
function press(where, b, e, value) {
  const key = busyKey(where, b, e);
  const then = () => act({ ...target(where), block_id: str(b.block_id), action_id: str(e.action_id), value }, key);
  if (!e.confirm) return then();
  ui.confirm = { ...e.confirm, then, back: document.activeElement };
  redraw();
}

// dispatch tells what is in a field now, at once.
export function dispatch(where, b, e) {
  return press(where, b, e, "");
}

const typing = new Map(); // field -> the timer that will tell
const PAUSE = 350;

// typed tells what is in a field when nothing has been typed for a moment. One
// field tells one thing at a time; the last one tells all that was typed.
export function typed(where, b, e) {
  const key = busyKey(where, b, e);
  clearTimeout(typing.get(key));
  typing.set(key, setTimeout(() => {
    if (ui.busy.has(key)) return typed(where, b, e);
    typing.delete(key);
    return still(where) && dispatch(where, b, e);
  }, PAUSE));
}

// still reports whether the modal is before this person's eyes.
const still = (where) => where.kind !== "view" || str(app.state?.view?.id) === where.view;

// target is what is used, and what is entered around it: for a modal, as the
// modal is by now.
function target(where) {
  const blocks = where.kind === "view" && still(where) ? app.state.view.blocks : where.blocks;
  const now = where.kind === "view" && still(where) ? { ...where, state: app.state.view.state?.values } : where;
  const state = collect(now, blocks);
  switch (where.kind) {
    case "message": return { do: "click", channel: where.channel, ts: where.ts, state };
    case "view": return { do: "view_click", state };
    default: return { do: "home_click", state };
  }
}
