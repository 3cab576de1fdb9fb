// The frame: who is looking, the sidebar, the tabs of a narrow screen, toasts.

import { h } from "/page/dom.js";
import { act, app, appChannel, channel, dismiss, go, list, str, ui } from "/page/store.js";
import { avatar, appAvatar, badge, isPerson, nameOf } from "/page/people.js";
import { moment } from "/page/text.js";

export function rail() {
  return h("nav", { class: "rail", "aria-label": "Look as" },
    h("div", { class: "rail-title" }, "You are"),
    list(app.state.people).filter(isPerson).map((p) => {
      const me = p.id === ui.as;
      const first = nameOf(p, p.id).split(" ")[0];
      return h("button", {
        key: p.id, type: "button", class: `who${me ? " me" : ""}`, "data-testid": `person-${p.id}`,
        "aria-current": me ? "true" : null, title: `${nameOf(p, p.id)}, ${str(p.title)}`,
        onclick: () => go({ as: p.id }),
      }, avatar(p), h("span", { class: "who-name" }, first), badge(p.role));
    }));
}

export function sidebar() {
  const { workspace, me, channels } = app.state;
  const rooms = list(channels).filter((c) => c.kind !== "dm");
  const dms = list(channels).filter((c) => c.kind === "dm");
  return h("aside", { class: "sidebar", "aria-label": "Channels" },
    h("header", { class: "workspace" }, str(workspace?.name), h("span", { class: "chip" }, "sandbox")),
    h("div", { class: "me-card" }, avatar(me),
      h("div", {}, h("div", { class: "me-name" }, nameOf(me, ui.as)), h("div", { class: "me-title" }, str(me?.title)), badge(me?.role))),
    h("h2", {}, "Channels"),
    rooms.map((c) => row(c.id, h("span", { class: "hash", "aria-hidden": "true" }, c.private ? lock() : "#"), str(c.name), unreadOf(c))),
    rooms.length === 0 && h("p", { class: "none" }, "In no channel"),
    h("h2", {}, "Direct messages"),
    dms.map((c) => row(c.id, appAvatar("tiny"), str(app.state.app?.name) || "app", unreadOf(c))),
    dms.length === 0 && h("p", { class: "none" }, "No messages yet"),
    h("h2", {}, "Apps"),
    row("home", appAvatar("tiny"), `${str(app.state.app?.name)} Home`, 0, "home-tab"),
    app.state.movable && clockFace(),
    h("footer", { class: "link-state" }, linkState()));
}

const STEPS = [["1 hour", 3600], ["1 day", 86_400], ["1 week", 604_800]];

// clockFace shows the world's time, and moves it: deadlines, reminders and
// expiries come when they are due, not when somebody has waited for them.
function clockFace() {
  const busy = ui.busy.has("clock");
  return h("section", { class: "clock", key: "clock", "aria-label": "Clock" },
    h("div", { class: "clock-title" }, "The time here"),
    h("time", { class: "clock-time", "data-testid": "clock" }, moment(Number(app.state.now))),
    h("div", { class: "clock-steps" }, STEPS.map(([name, seconds]) => h("button", {
      type: "button", key: name, disabled: busy, "data-testid": `clock-${seconds}`, "aria-label": `Move the clock ${name} forward`,
      onclick: () => act({ do: "move_clock", seconds }, "clock"),
    }, `+${name}`))));
}

// What is before one's eyes is not unread.
const unreadOf = (c) => (c.id === ui.at ? 0 : Number(c.unread) || 0);

export function lock() {
  return h("svg", { viewBox: "0 0 16 16", class: "lock" }, h("path", { d: "M4 7V5a4 4 0 018 0v2h1v7H3V7zm2 0h4V5a2 2 0 00-4 0z" }));
}

function row(at, icon, name, unread, testid) {
  const here = ui.at === at;
  return h("button", {
    key: at, type: "button", class: `row${here ? " here" : ""}${unread ? " unread" : ""}`, "aria-current": here ? "page" : null,
    "data-testid": testid ?? `channel-${at}`, onclick: () => go({ at, pane: "chat" }),
  }, h("span", { class: "row-icon" }, icon), h("span", { class: "row-name" }, name),
  unread > 0 && h("span", { class: "count", key: "count", "aria-label": `${unread} unread` }, unread));
}

function linkState() {
  const { mode, connections } = app.state.app ?? {};
  const up = mode === "http" || connections > 0;
  const text = mode === "http" ? "Signed HTTP" : `Socket Mode, ${Number(connections) || 0} connected`;
  return [h("span", { class: `lamp${up ? " on" : ""}`, "aria-hidden": "true" }), text];
}

const PANES = [["channels", "Workspace"], ["chat", "Chat"], ["tenant", "Tenant"]];

export function tabs() {
  const unread = list(app.state.channels).reduce((sum, c) => sum + unreadOf(c), 0);
  return h("nav", { class: "tabs", "aria-label": "Panes" }, PANES.map(([pane, label]) =>
    h("button", { type: "button", "aria-current": ui.pane === pane ? "page" : null, "data-testid": `tab-${pane}`, onclick: () => go({ pane }) },
      label, pane === "channels" && unread > 0 && h("span", { class: "count", key: "count" }, unread))));
}

export function toasts() {
  const notice = str(app.state?.notice);
  return h("div", { class: "toasts", key: "toasts" },
    !app.online && h("div", { class: "toast offline", role: "status", key: "offline" }, "The sandbox is not answering. Trying again…"),
    notice && toast(notice, "notice", () => act({ do: "dismiss_notice" })),
    ui.error && ui.error !== notice && toast(ui.error, "error", dismiss));
}

function toast(text, key, close) {
  return h("div", { class: "toast", role: "alert", key, "data-testid": "toast" },
    h("span", {}, text),
    h("button", { type: "button", class: "plain-x", "aria-label": "Dismiss", onclick: close }, "×"));
}

// place is where this person is looking; somewhere sensible if they may not.
export function place() {
  if (ui.at === "home" || channel(ui.at)) return ui.at;
  return list(app.state.channels).find((c) => c.kind !== "dm")?.id ?? appChannel()?.id ?? "home";
}
