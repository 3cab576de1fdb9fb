// The sandbox's page: draws the newest snapshot, and listens for the next.

import { chat } from "/page/chat.js";
import { h, render } from "/page/dom.js";
import { confirm, modal, onKey, settle } from "/page/modal.js";
import { place, rail, sidebar, tabs, toasts } from "/page/shell.js";
import { act, app, channel, fromHash, go, onRedraw, redraw, str, ui } from "/page/store.js";
import { tenant } from "/page/tenant.js";

const root = document.getElementById("root");
let stream = null;
let entered = "";
let read = "";

function draw() {
  if (stream?.as !== ui.as) listen();
  if (app.state?.me?.id !== ui.as && app.state && ui.as) return; // the new person's snapshot is on its way
  if (!app.state) {
    render(root, h("p", { class: "loading" }, app.online ? "Opening the workspace…" : "The sandbox is not answering. Trying again…"));
    return;
  }
  const at = place();
  if (at !== ui.at) go({ at, pane: ui.pane, wire: ui.wire });
  const bottom = document.querySelector("[data-sticky]");
  const stuck = !bottom || bottom.scrollHeight - bottom.scrollTop - bottom.clientHeight < 80;
  const covered = Boolean(app.state.view || ui.confirm);
  render(root,
    h("div", { class: "app", key: "app", "data-pane": ui.pane, inert: covered }, rail(), sidebar(), chat(), tenant(), tabs()),
    modal(), confirm(), toasts());
  document.title = `${str(app.state.workspace?.name)} sandbox: ${str(app.state.me?.real_name)}`;
  document.body.dataset.ready = ui.as;
  follow(bottom, stuck);
  settle();
  enter();
}

// follow keeps the newest message in sight, unless somebody has scrolled back.
function follow(before, stuck) {
  const now = document.querySelector("[data-sticky]");
  if (!now) return;
  const marked = now.querySelector(".marked");
  if (marked && now.dataset.shown !== ui.marked) {
    now.dataset.shown = ui.marked;
    marked.scrollIntoView({ block: "center" });
  } else if (!marked && (now !== before || stuck)) {
    now.scrollTop = now.scrollHeight;
  }
}

// enter tells the sandbox what this person has just opened or read.
function enter() {
  const here = `${ui.as}/${ui.at}`;
  if (entered !== here) {
    entered = here;
    document.querySelector(".who.me")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (ui.at === "home") act({ do: "open_home" });
  }
  const room = channel(ui.at);
  const news = `${here}/${room?.unread}/${app.state.messages?.[ui.at]?.at(-1)?.ts}`;
  if (room?.unread > 0 && read !== news && document.visibilityState === "visible") {
    read = news;
    act({ do: "read", channel: room.id });
  }
}

// listen follows the workspace as the person looking sees it; the browser comes
// back by itself when the connection is lost.
function listen() {
  stream?.source.close();
  const as = ui.as;
  const source = new EventSource(`/sandbox/stream?as=${encodeURIComponent(as)}`);
  stream = { as, source };
  source.addEventListener("state", (event) => {
    if (stream.source !== source) return;
    app.state = JSON.parse(event.data);
    app.online = true;
    ui.as = stream.as = str(app.state.me?.id);
    redraw();
  });
  source.addEventListener("error", () => {
    if (stream.source !== source) return;
    app.online = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(() => stream.source === source && listen(), 2000);
    redraw();
  });
}

Object.assign(ui, fromHash());
onRedraw(draw);
addEventListener("keydown", onKey);
addEventListener("visibilitychange", redraw);
addEventListener("hashchange", () => {
  const to = fromHash();
  if (to.as) go(to);
});
addEventListener("click", (event) => {
  if (!ui.menu || event.target.closest(".overflow")) return;
  ui.menu = "";
  redraw();
});
draw();
