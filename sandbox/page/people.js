// How people are shown: avatars, names, roles.

import { h } from "/page/dom.js";
import { app, person, str } from "/page/store.js";

export const ROLES = {
  employee: "Employee", sponsor: "Sponsor", admin: "Admin", guest: "Slack guest",
  connect: "Slack Connect", deactivated: "Deactivated", bot: "App",
};

export const nameOf = (p, id) => str(p?.real_name || p?.name) || str(id);

export function badge(role) {
  return h("span", { class: `role role-${Object.hasOwn(ROLES, role) ? role : "employee"}` }, ROLES[role] ?? str(role));
}

export function avatar(p, size = "") {
  if (p?.role === "bot") return appAvatar(size);
  const name = nameOf(p, "?");
  const initials = name.split(/\s+/).map((w) => [...w][0] ?? "").slice(0, 2).join("").toUpperCase();
  const color = /^#[0-9a-f]{3,8}$/i.test(str(p?.color)) ? p.color : "#6b7280";
  return h("span", { class: `avatar ${size}`, vars: { "--c": color }, "aria-hidden": "true" }, initials);
}

export function appAvatar(size) {
  return h("span", { class: `avatar app ${size}`, "aria-hidden": "true" },
    h("svg", { viewBox: "0 0 32 32" }, h("path", { d: "M9 17l5 5 9-12" })));
}

// isPerson tells whether one can look through their eyes.
export const isPerson = (p) => p.role !== "bot" && p.id !== "USLACKBOT";

export const appPerson = () => person(app.state?.app?.bot_user);
