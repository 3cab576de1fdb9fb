// The middle: a channel's or the app's header, its messages, or its Home tab.

import { blocks } from "/page/blocks.js";
import { composer } from "/page/composer.js";
import { h } from "/page/dom.js";
import { appAvatar, appPerson, avatar, nameOf } from "/page/people.js";
import { app, appChannel, channel, go, list, person, redraw, str, ui } from "/page/store.js";
import { lock } from "/page/shell.js";
import { ago, clock, day, moment, mrkdwn } from "/page/text.js";

export function chat() {
  const at = ui.at;
  const room = channel(at);
  return h("main", { class: "chat", "aria-label": "Conversation" },
    at === "home" || room?.kind === "dm" ? appHeader(at) : roomHeader(room),
    at === "home" ? home() : conversation(room));
}

function roomHeader(room) {
  return h("header", { class: "chat-head", key: "room" },
    h("h1", {}, h("span", { class: "hash", "aria-hidden": "true" }, room?.private ? lock() : "#"), str(room?.name)),
    h("span", { class: "topic" }, str(room?.topic)));
}

function appHeader(at) {
  const dm = appChannel();
  const tab = (name, to, here) => h("button", {
    type: "button", class: "tab", "aria-current": here ? "page" : null, disabled: !to, onclick: () => go({ at: to }),
  }, name);
  return h("header", { class: "chat-head with-tabs", key: "app" },
    h("h1", {}, appAvatar("small"), str(app.state.app?.name), h("span", { class: "app-badge" }, "APP")),
    h("nav", { class: "head-tabs", "aria-label": "App" }, tab("Home", "home", at === "home"), tab("Messages", dm?.id ?? "", at !== "home")));
}

function home() {
  const view = app.state.home;
  const where = { kind: "home", scope: `${ui.as}/home`, blocks: view?.blocks, state: view?.state?.values };
  return h("section", { class: "scroll home", key: `home/${ui.as}`, tabindex: "0", "data-testid": "home", "aria-label": "Home" },
    view ? h("div", { class: "home-card" }, blocks(where, view.blocks))
      : h("p", { class: "empty" }, `${str(app.state.app?.name)} has not put anything on its Home tab yet.`));
}

function conversation(room) {
  if (!room) return h("p", { class: "empty" }, `${nameOf(app.state.me, ui.as)} is in no channel here.`);
  const all = list(app.state.messages?.[room.id]);
  return [
    h("section", {
      class: "scroll messages", role: "log", "aria-live": "polite", tabindex: "0", "aria-label": `Messages in ${str(room.name) || "this conversation"}`,
      key: `${ui.as}/${room.id}`, "data-testid": "messages", "data-sticky": "yes",
    }, h("div", { class: "spacer" }), beginning(room), threads(all).map(([m, before, replies]) => [
      newDay(m, before) && h("div", { class: "day", key: `day ${m.ts}`, role: "separator" }, h("span", {}, day(at(m)))),
      message(room, m, before),
      replies.length > 0 && thread(room, m, replies),
    ])),
    room.kind === "dm" && app.state.app?.messages_read_only ? deaf() : composer(room),
  ];
}

function beginning(room) {
  const dm = room.kind === "dm";
  return h("div", { class: "beginning", key: "beginning" }, dm
    ? `This is the very beginning of your direct messages with ${str(app.state.app?.name)}.`
    : ["This is the very beginning of the ", h("strong", {}, `#${str(room.name)}`), " channel."]);
}

// deaf stands where the message box would, for an app that takes no messages.
function deaf() {
  return h("p", { class: "deaf", key: "deaf", "data-testid": "deaf" },
    `${str(app.state.app?.name)} takes no messages here. Its buttons work, and its commands in any channel.`);
}

const at = (m) => Number(m.at) || Number.parseFloat(m.ts) || 0;
const reply = (m) => Boolean(m.thread_ts) && m.thread_ts !== m.ts;
const newDay = (m, before) => !reply(m) && (!before || day(at(m)) !== day(at(before)));

// threads puts the replies with the message they answer, and pairs every message
// with the one shown before it.
function threads(all) {
  const known = new Set(all.map((m) => m.ts));
  const order = all.filter((m) => !reply(m) || !known.has(m.thread_ts));
  return order.map((m, i) => [m, order[i - 1], all.filter((r) => reply(r) && r.thread_ts === m.ts)]);
}

// thread is the replies to a message: how many, until somebody opens it.
function thread(room, m, replies) {
  const id = `${ui.as}/${room.id}/${m.ts}`;
  const open = ui.threads.has(id) || replies.some((r) => r.ts === ui.marked);
  const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  const toggle = () => {
    if (open) ui.threads.delete(id);
    else ui.threads.add(id);
    redraw();
  };
  return h("div", { class: "thread", key: `thread ${m.ts}` },
    h("button", { type: "button", class: "thread-count", "aria-expanded": String(open), "data-testid": `thread-${m.ts}`, onclick: toggle },
      h("strong", {}, open ? "Hide " + count : count), h("span", {}, `Last reply ${ago(at(replies.at(-1)))}`)),
    open && replies.map((r, i) => message(room, r, i > 0 ? replies[i - 1] : null)));
}

const follows = (m, before) => before && before.user === m.user && reply(before) === reply(m)
  && !m.ephemeral && !before.ephemeral && at(m) - at(before) < 300 && !newDay(m, before);

function message(room, m, before) {
  const who = m.user === app.state.app?.bot_user ? (appPerson() ?? { role: "bot", real_name: app.state.app?.name }) : person(m.user);
  const slim = follows(m, before);
  const bot = who?.role === "bot";
  const where = { kind: "message", channel: room.id, ts: m.ts, scope: `${ui.as}/${room.id}/${m.ts}`, blocks: m.blocks };
  const classes = ["message", slim && "slim", m.ephemeral && "ephemeral", reply(m) && "reply", ui.marked === m.ts && "marked"];
  return h("article", { key: `${m.ts}${m.ephemeral ? "e" : ""}`, class: classes.filter(Boolean).join(" "), "data-testid": `message-${m.ts}` },
    m.ephemeral && h("div", { class: "only-you", key: "only" }, eye(), "Only visible to you"),
    h("div", { class: "gutter" }, slim ? h("time", { class: "slim-time" }, clock(at(m))) : avatar(who ?? { real_name: m.user })),
    h("div", { class: "body" },
      !slim && h("div", { class: "byline", key: "by" },
        h("span", { class: "name" }, nameOf(who, m.user)), bot && h("span", { class: "app-badge" }, "APP"),
        h("time", { title: moment(at(m)) }, clock(at(m)))),
      h("div", { class: "content" },
        list(m.blocks).length > 0 ? blocks(where, m.blocks) : h("div", { class: "text" }, mrkdwn(m.text)),
        m.edited && h("span", { class: "edited", key: "edited" }, "(edited)"))));
}

function eye() {
  return h("svg", { viewBox: "0 0 20 20", class: "eye", "aria-hidden": "true" },
    h("path", { d: "M1.5 10C3.5 6 6.5 4.2 10 4.2S16.5 6 18.5 10c-2 4-5 5.8-8.5 5.8S3.5 14 1.5 10z" }), h("circle", { cx: 10, cy: 10, r: 2.6 }));
}
