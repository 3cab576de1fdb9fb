// What the page knows: the last snapshot from the sandbox, and what only this
// browser knows (who is looking, drafts, half-filled forms, open menus).

export const app = { state: null, online: true };

export const ui = {
  as: "",
  at: "", // a channel ID, or "home"
  pane: "chat", // on a narrow screen: channels | chat | tenant
  drafts: new Map(), // as/channel -> text in the message box
  values: new Map(), // scope/block/action -> Slack's own value shape
  complaints: new Map(), // view -> what the form itself finds missing
  busy: new Set(), // clicks under way
  confirm: null, // {text…, then}
  menu: "", // the open overflow menu
  pick: 0, // highlighted command in the completion
  hideHints: false,
  error: "",
  wire: false,
  threads: new Set(), // those that are open: person/channel/message
  marked: "", // a message somebody followed a link to
};

let draw = () => {};
let queued = false;

export function onRedraw(f) {
  draw = f;
}

export function redraw() {
  if (queued) return;
  queued = true;
  queueMicrotask(() => {
    queued = false;
    draw();
  });
}

export const str = (x) => (typeof x === "string" ? x : x === null || x === undefined ? "" : String(x));
export const list = (x) => (Array.isArray(x) ? x : []);
export const person = (id) => list(app.state?.people).find((p) => p.id === id);
export const channel = (id) => list(app.state?.channels).find((c) => c.id === id);
export const appChannel = () =>
  list(app.state?.channels).find((c) => c.kind === "dm" && (!c.with || c.with === app.state.app?.bot_user));

// act asks the sandbox to do something as the person looking. busy names the
// button; while it is under way a second click on it does nothing.
export async function act(what, busy) {
  if (busy && ui.busy.has(busy)) return { ok: false };
  if (busy) ui.busy.add(busy);
  ui.error = "";
  redraw();
  let answer;
  try {
    const response = await fetch(what.do === "attach" ? "/sandbox/attach" : "/sandbox/act", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ as: ui.as, ...what }),
    });
    answer = await response.json();
  } catch {
    answer = { ok: false, error: "The sandbox did not answer. Is it still running?" };
  }
  if (busy) ui.busy.delete(busy);
  if (!answer.ok && !answer.shown) complain(str(answer.error) || "That did not work.");
  redraw();
  return answer;
}

let fading;
function complain(sentence) {
  ui.error = sentence;
  clearTimeout(fading);
  fading = setTimeout(dismiss, 10_000);
}

export function dismiss() {
  ui.error = "";
  redraw();
}

// go shows a place ("C0FALCON", "home") to a person; either may be left out.
// Both are kept in the address, so that a view can be shared and reloaded.
export function go({ as = ui.as, at = ui.at, pane = ui.pane, wire = ui.wire, marked = "" }) {
  Object.assign(ui, { as, at, pane, wire, marked, menu: "", confirm: null });
  const hash = new URLSearchParams({ as, in: at });
  if (pane !== "chat") hash.set("pane", pane);
  if (wire) hash.set("wire", "1");
  history.replaceState(null, "", "#" + hash);
  redraw();
}

export function fromHash() {
  const hash = new URLSearchParams(location.hash.slice(1));
  return {
    as: hash.get("as") ?? "",
    at: hash.get("in") ?? "",
    pane: hash.get("pane") ?? "chat",
    wire: hash.get("wire") === "1",
  };
}
