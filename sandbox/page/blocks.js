// Block Kit's blocks. where says what they are part of: {kind, scope, …}.

import { h } from "/page/dom.js";
import { element } from "/page/elements.js";
import { named } from "/page/emoji.js";
import { field } from "/page/fields.js";
import { richText } from "/page/rich.js";
import { list, str } from "/page/store.js";
import { mrkdwn } from "/page/text.js";

export function blocks(where, all) {
  return list(all).map((b, i) => h("div", { key: str(b.block_id) || `#${i}`, class: `block ${kind(b)}` }, block(where, b)));
}

const kind = (b) => `is-${str(b.type).replace(/[^a-z_]/g, "")}`;

// textObject draws plain_text or mrkdwn.
export function textObject(t) {
  if (!t) return null;
  if (t.type === "mrkdwn") return mrkdwn(t.text);
  return str(t.text).split("\n").map((line, i) => [i > 0 && h("br"), named(line)]);
}

function block(where, b) {
  switch (b.type) {
    case "header": return h("h3", { class: "header-text" }, textObject(b.text));
    case "section": return section(where, b);
    case "context": return list(b.elements).map((e) => (e.type === "image" ? image(e, "context-image") : h("span", { class: "context-item" }, textObject(e))));
    case "divider": return h("hr");
    case "actions": return list(b.elements).map((e, i) => h("div", { class: "action", key: str(e.action_id) || `#${i}` }, element(where, b, e)));
    case "rich_text": return richText(b);
    case "image": return [b.title && h("div", { class: "image-title" }, textObject(b.title)), image(b, "block-image")];
    case "input": return field(where, b);
    case "alert": return h("div", { class: `alert ${str(b.level).replace(/[^a-z]/g, "")}` }, textObject(b.text));
    default: return h("div", { class: "unknown" }, `This page cannot show a ${str(b.type)} block.`);
  }
}

function section(where, b) {
  return [
    h("div", { class: "section-main" },
      b.text && h("div", { class: "section-text" }, textObject(b.text)),
      b.fields && h("div", { class: "fields" }, list(b.fields).map((f) => h("div", { class: "field" }, textObject(f))))),
    b.accessory && h("div", { class: "accessory" },
      b.accessory.type === "image" ? image(b.accessory, "accessory-image") : element(where, b, b.accessory)),
  ];
}

// Pictures from elsewhere are named, not fetched: the page talks to nobody else.
function image(e, name) {
  const alt = str(e.alt_text);
  const url = str(e.image_url);
  if (URL.canParse(url, location.href) && new URL(url, location.href).origin === location.origin) {
    return h("img", { class: name, src: url, alt });
  }
  return h("span", { class: `${name} no-image`, role: "img", "aria-label": alt, title: alt }, name === "block-image" ? alt : alt.slice(0, 1).toUpperCase());
}
