// The right pane: the Entra tenant, and what goes over the wire.

import { h } from "/page/dom.js";
import { act, app, go, list, str, ui } from "/page/store.js";
import { ago, clock, link, moment } from "/page/text.js";
import { avatar } from "/page/people.js";

export function tenant() {
  const t = app.state.tenant ?? {};
  const guests = list(t.guests).toSorted((a, b) => b.created - a.created);
  const mails = list(t.mails).toSorted((a, b) => b.at - a.at);
  return h("aside", { class: "tenant", "aria-label": "Entra tenant" },
    h("header", { class: "tenant-head" }, shield(), h("div", {}, h("h1", {}, "Microsoft Entra ID"), h("p", {}, `${str(t.name)} · ${str(t.domain)}`))),
    h("div", { class: "scroll tenant-body", tabindex: "0" },
      section("Guest users", guests.length, guests.map(guest), "No guest has been invited yet."),
      section("Groups", list(t.groups).length, list(t.groups).map(group), "There are no groups."),
      section("Invitation mails", mails.length, mails.map(mail), "Entra has sent no mail: the invitation's link goes where the policy says.")),
    wire());
}

function section(title, count, rows, none) {
  return h("section", { class: "part" }, h("h2", {}, title, h("span", { class: "tally" }, count)),
    rows.length > 0 ? rows : h("p", { class: "none" }, none));
}

const shield = () => h("svg", { viewBox: "0 0 24 24", class: "shield", "aria-hidden": "true" },
  h("path", { d: "M12 2l9 9.5-9 4.5-9-4.5z", fill: "#7fd0f7" }), h("path", { d: "M12 16l9-4.5L12 22 3 11.5z", fill: "#fff" }));

const STATES = { PendingAcceptance: ["pending", "Pending acceptance"], Accepted: ["accepted", "Accepted"] };

function guest(g) {
  const [tone, label] = STATES[g.state] ?? ["", str(g.state)];
  const pending = g.state === "PendingAcceptance";
  const busy = `redeem/${str(g.id)}`;
  return h("div", { class: "guest", key: str(g.id), "data-testid": `guest-${str(g.mail)}` },
    avatar({ real_name: g.name, color: "#5c6b7a" }, "medium"),
    h("div", { class: "guest-main" },
      h("div", { class: "guest-name" }, str(g.name)),
      h("div", { class: "guest-mail" }, str(g.mail)),
      h("div", { class: "guest-facts" },
        h("span", { class: `pill ${tone}` }, label),
        g.enabled === false && h("span", { class: "pill blocked", key: "blocked" }, "Sign-in blocked"),
        g.visible === false && h("span", { class: "pill lag", key: "lag" }, "Replicating…"),
        list(g.groups).map((name) => h("span", { class: "pill group", key: `g ${name}` }, str(name)))),
      h("div", { class: "guest-when", title: g.created ? moment(g.created) : null },
        g.created ? `Created ${ago(g.created)}` : "", g.changed && g.changed !== g.created ? `, changed ${ago(g.changed)}` : "")),
    pending && h("button", {
      type: "button", key: "redeem", class: "btn redeem", disabled: ui.busy.has(busy), "aria-busy": ui.busy.has(busy) ? "true" : null,
      "data-testid": `redeem-${str(g.mail)}`, title: `Click the newest link as ${str(g.mail)} and accept`,
      onclick: () => act({ do: "redeem", guest: g.id }, busy),
    }, ui.busy.has(busy) && h("span", { class: "spinner", key: "spinner" }), "Redeem as guest"));
}

function group(g) {
  const members = list(g.members);
  return h("div", { class: "group", key: str(g.id) },
    h("div", { class: "group-name" }, str(g.name), h("span", { class: "tally" }, members.length)),
    h("div", { class: "group-members" }, members.length > 0 ? members.map(str).join(", ") : "No members"));
}

function mail(m) {
  return h("details", { class: "mail", key: str(m.id), "data-testid": `mail-${str(m.to)}` },
    h("summary", {}, h("span", { class: "mail-subject" }, str(m.subject)), h("span", { class: "mail-to" }, `to ${str(m.to)} · ${ago(m.at)}`)),
    h("div", { class: "mail-body" }, h("div", { class: "mail-from" }, `From ${str(m.from)}`), h("p", {}, str(m.body)), m.link && h("p", { class: "mail-link" }, link(str(m.link), "Accept invitation"))));
}

function wire() {
  const traffic = list(app.state.traffic);
  return h("section", { class: `wire${ui.wire ? " open" : ""}`, "aria-label": "Wire" },
    h("button", { type: "button", class: "wire-head", "aria-expanded": String(ui.wire), "data-testid": "wire", onclick: () => go({ wire: !ui.wire }) },
      h("span", { class: "chevron", "aria-hidden": "true" }, "›"), "On the wire", h("span", { class: "tally" }, traffic.length)),
    ui.wire && h("div", { class: "wire-log", key: "log", tabindex: "0" }, traffic.length === 0 && h("p", { class: "none" }, "Nothing yet."),
      traffic.toReversed().map(call)));
}

function call(c) {
  const out = c.dir === "to app";
  const status = str(c.status);
  const good = status === "ok" || /^2\d\d/.test(status);
  const ms = Number(c.ms);
  return h("div", { class: "call" }, h("time", {}, clock(Number(c.at))), h("span", { class: out ? "dir out" : "dir in", title: str(c.dir) }, out ? "→ app" : "← app"),
    h("span", { class: "what" }, str(c.what)), h("span", { class: `status ${good ? "good" : "bad"}` }, status), h("span", { class: "ms" }, Number.isFinite(ms) ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : ""));
}
