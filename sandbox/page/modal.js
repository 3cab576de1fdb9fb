// Modals, confirm dialogs, and where the focus goes when they come and go.

import { blocks, textObject } from "/page/blocks.js";
import { h } from "/page/dom.js";
import { named } from "/page/emoji.js";
import { appAvatar } from "/page/people.js";
import { act, app, list, redraw, str, ui } from "/page/store.js";
import { collect, forget, missing } from "/page/values.js";

const scopeOf = (view) => `${ui.as}/view/${str(view.id)}`;
const whereOf = (view) => ({ kind: "view", view: str(view.id), scope: scopeOf(view), blocks: view.blocks, state: view.state?.values });

export function modal() {
  const view = app.state?.view;
  if (!view) return null;
  const scope = scopeOf(view);
  const where = { ...whereOf(view), errors: { ...view.errors, ...ui.complaints.get(scope) } };
  forget(`${scope}/`, list(view.blocks).map((b) => `${scope}/${str(b.block_id)}/`));
  const busy = Boolean(view.busy) || ui.busy.has(scope);
  const depth = Math.min(Math.max(Number(view.depth) || 1, 1), 3);
  return h("div", { class: "veil", key: "veil", inert: Boolean(ui.confirm) },
    h("form", {
      class: `dialog depth-${depth}`, key: scope, role: "dialog", "aria-modal": "true", "aria-labelledby": "modal-title", novalidate: true,
      "data-testid": "modal", "data-callback": str(view.callback_id), onsubmit: (event) => submit(event, view),
    },
    h("header", {}, appAvatar("small"), h("h2", { id: "modal-title" }, named(str(view.title?.text ?? view.title))),
      h("button", { type: "button", class: "plain-x", "aria-label": "Close", onclick: () => close(view) }, "×")),
    h("div", { class: "dialog-body", tabindex: "-1" }, blocks(where, view.blocks)),
    h("footer", {},
      h("button", { type: "button", class: "btn", "data-testid": "modal-close", onclick: () => close(view) }, named(str(view.close?.text) || (depth > 1 ? "Back" : "Close"))),
      view.submit && h("button", { type: "submit", class: "btn primary", disabled: busy, "aria-busy": busy ? "true" : null, "data-testid": "modal-submit" },
        busy && h("span", { class: "spinner", key: "spinner", "aria-hidden": "true" }), h("span", { class: "label" }, named(str(view.submit.text ?? view.submit)))))));
}

async function submit(event, view) {
  event.preventDefault();
  const scope = scopeOf(view);
  const where = whereOf(view);
  const gaps = missing(where, view.blocks);
  ui.complaints.set(scope, gaps);
  if (Object.keys(gaps).length > 0) return redraw();
  await act({ do: "submit", state: collect(where, view.blocks) }, scope);
}

function close(view) {
  return act({ do: "close_view" }, `${scopeOf(view)}/close`);
}

export function confirm() {
  const c = ui.confirm;
  if (!c) return null;
  const style = c.style === "danger" ? "danger" : "primary";
  return h("div", { class: "veil over", key: "confirm" },
    h("div", { class: "dialog small", role: "alertdialog", "aria-modal": "true", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text", "data-testid": "confirm" },
      h("header", {}, h("h2", { id: "confirm-title" }, named(str(c.title?.text)))),
      h("div", { class: "dialog-body", id: "confirm-text" }, textObject(c.text)),
      h("footer", {},
        h("button", { type: "button", class: "btn", "data-testid": "confirm-cancel", onclick: () => answer(false) }, named(str(c.deny?.text) || "Cancel")),
        h("button", { type: "button", class: `btn ${style}`, "data-testid": "confirm-ok", onclick: () => answer(true) }, named(str(c.confirm?.text) || "OK")))));
}

function answer(yes) {
  const { then } = ui.confirm;
  ui.confirm = null;
  redraw();
  if (yes) then();
}

const FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled)";
const openers = [];
let complained = "";

// settle puts the focus into a dialog that has come, back to where it was when
// the dialog goes, and on the first field that was refused.
export function settle() {
  const dialogs = [...document.querySelectorAll("[role=dialog], [role=alertdialog]")];
  while (openers.length > dialogs.length) {
    const back = openers.pop();
    if (openers.length === dialogs.length) (back?.isConnected ? back : document.querySelector("[data-testid=composer]"))?.focus();
  }
  const top = dialogs.at(-1);
  while (openers.length < dialogs.length) openers.push(document.activeElement);
  if (!top) {
    complained = "";
    forget(`${ui.as}/view/`, []);
    return;
  }
  const wrong = [...top.querySelectorAll(".error")].map((n) => n.id + n.textContent).join();
  if (wrong && wrong !== complained) {
    const first = top.querySelector("[aria-invalid=true]");
    (first?.matches(FOCUSABLE) ? first : first?.querySelector(FOCUSABLE))?.focus();
  } else if (!top.contains(document.activeElement)) {
    const first = top.querySelector(".dialog-body [autofocus]") ?? top.querySelector(".dialog-body input, .dialog-body textarea, .dialog-body select") ?? top.querySelector("footer .btn.primary, footer .btn.danger") ?? top.querySelector("footer .btn");
    first?.focus();
  }
  complained = wrong;
}

// onKey keeps Tab inside the top dialog, and lets Escape close it.
export function onKey(event) {
  const top = [...document.querySelectorAll("[role=dialog], [role=alertdialog]")].at(-1);
  if (!top || event.defaultPrevented) return;
  if (event.key === "Escape") {
    event.preventDefault();
    if (ui.confirm) answer(false);
    else if (app.state?.view) close(app.state.view);
  } else if (event.key === "Tab") {
    const stops = [...top.querySelectorAll(FOCUSABLE)];
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement !== edge && top.contains(document.activeElement)) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }
}
