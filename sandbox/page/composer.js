// The message box: plain messages, and slash commands with completion.

import { h } from "/page/dom.js";
import { act, app, list, redraw, str, ui } from "/page/store.js";

export function composer(room) {
  const key = `${ui.as}/${room.id}`;
  const draft = ui.drafts.get(key) ?? "";
  const hints = matching(draft);
  const open = hints.length > 0 && !ui.hideHints;
  const busy = ui.busy.has(`say/${key}`);
  const usage = usageOf(draft);
  return h("form", { class: "composer", key: `composer/${key}`, onsubmit: (event) => submit(event, room, key) },
    open && completion(hints, key),
    h("div", { class: "box" },
      h("textarea", {
        rows: 1, value: draft, "data-testid": "composer", "aria-label": placeholder(room), placeholder: placeholder(room),
        role: "combobox", "aria-expanded": String(open), "aria-controls": open ? "commands" : null, "aria-autocomplete": "list",
        "aria-activedescendant": open ? `command-${picked(hints)}` : null,
        oninput: (event) => {
          ui.drafts.set(key, event.target.value);
          ui.pick = 0;
          ui.hideHints = false;
          redraw();
        },
        onkeydown: (event) => keys(event, room, key, open ? hints : []),
      }),
      h("div", { class: "tools" },
        h("span", { class: "usage" }, busy ? "Sending…" : usage || "Type / for commands"),
        h("button", { type: "submit", class: "send", "aria-label": "Send", "data-testid": "send", disabled: busy || !draft.trim() },
          busy ? h("span", { class: "spinner" }) : h("svg", { viewBox: "0 0 20 20" }, h("path", { d: "M2.5 3l15.5 7-15.5 7 2.5-6.2 7-.8-7-.8z" }))))));
}

const placeholder = (room) => (room.kind === "dm" ? `Message ${str(app.state.app?.name)}` : `Message #${str(room.name)}`);
const picked = (hints) => Math.min(ui.pick, hints.length - 1);

function matching(draft) {
  if (!/^\/\S*$/.test(draft)) return [];
  return list(app.state.commands).filter((c) => str(c.command).startsWith(draft.toLowerCase()));
}

function usageOf(draft) {
  const known = list(app.state.commands).find((c) => draft === c.command || draft.startsWith(`${c.command} `));
  return known?.usage_hint ? `${known.command} ${known.usage_hint}` : "";
}

function completion(hints, key) {
  return h("div", { class: "completion", key: "completion", role: "listbox", id: "commands", "aria-label": "Commands" },
    h("div", { class: "completion-title" }, "Commands", h("span", {}, h("kbd", {}, "↑"), h("kbd", {}, "↓"), " to choose, ", h("kbd", {}, "Tab"), " or ", h("kbd", {}, "Enter"), " to take")),
    hints.map((c, i) => h("div", {
      key: c.command, role: "option", id: `command-${i}`, class: i === picked(hints) ? "picked" : "", "aria-selected": String(i === picked(hints)),
      onmousedown: (event) => {
        event.preventDefault();
        take(c, key);
      },
    }, h("span", { class: "command" }, str(c.command), " ", h("span", { class: "usage" }, str(c.usage_hint))), h("span", { class: "about" }, str(c.description)))));
}

function take(command, key) {
  ui.drafts.set(key, `${command.command} `);
  redraw();
}

function keys(event, room, key, hints) {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const exact = hints.some((c) => c.command === ui.drafts.get(key));
  if (hints.length > 0 && step) ui.pick = (picked(hints) + step + hints.length) % hints.length;
  else if (hints.length > 0 && (event.key === "Tab" || (event.key === "Enter" && !exact))) take(hints[picked(hints)], key);
  else if (hints.length > 0 && event.key === "Escape") ui.hideHints = true;
  else if (event.key === "Enter" && !event.shiftKey) return submit(event, room, key);
  else return;
  event.preventDefault();
  redraw();
}

// submit sends what is in the box. What could not be sent comes back into it.
async function submit(event, room, key) {
  event.preventDefault();
  const draft = ui.drafts.get(key) ?? "";
  if (!draft.trim() || ui.busy.has(`say/${key}`)) return;
  ui.drafts.set(key, "");
  const answer = await act({ do: "say", channel: room.id, text: draft.trim() }, `say/${key}`);
  if (!answer.ok && !ui.drafts.get(key)) ui.drafts.set(key, draft);
  redraw();
}
