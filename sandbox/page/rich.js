// rich_text blocks: text whose meaning is in its structure, never in its letters.

import { h } from "/page/dom.js";
import { emoji, plain } from "/page/emoji.js";
import { list, str } from "/page/store.js";
import { broadcast, channelMention, date, groupMention, link, userMention } from "/page/text.js";

export function richText(block) {
  return h("div", { class: "rich" }, list(block.elements).map(part));
}

function part(p) {
  const inside = () => list(p.elements).map(element);
  switch (p.type) {
    case "rich_text_section": return h("div", { class: "rich-section" }, inside());
    case "rich_text_preformatted": return h("pre", {}, inside());
    case "rich_text_quote": return h("blockquote", {}, inside());
    case "rich_text_list": return richList(p);
    default: return null;
  }
}

function richList(p) {
  const ordered = p.style === "ordered";
  return h(ordered ? "ol" : "ul", { class: `indent-${Math.min(Number(p.indent) || 0, 4)}`, start: ordered && p.offset ? Number(p.offset) + 1 : null },
    list(p.elements).map((item) => h("li", {}, list(item.elements).map(element))));
}

function element(e) {
  const style = e.style ?? {};
  let node = bare(e);
  if (style.code && e.type === "text") node = h("code", {}, str(e.text));
  if (style.strike) node = h("s", {}, node);
  if (style.italic) node = h("em", {}, node);
  if (style.bold) node = h("strong", {}, node);
  return node;
}

function bare(e) {
  switch (e.type) {
    case "text": return broken(str(e.text));
    case "link": return link(str(e.url), str(e.text));
    case "emoji": return emoji(str(e.name)) ?? `:${str(e.name)}:`;
    case "user": return userMention(str(e.user_id), "");
    case "usergroup": return groupMention(str(e.usergroup_id), "");
    case "channel": return channelMention(str(e.channel_id), "");
    case "broadcast": return broadcast(str(e.range));
    case "date": return date(Number(e.timestamp), str(e.format), str(e.fallback), str(e.url));
    case "color": return h("code", {}, str(e.value));
    default: return null;
  }
}

// broken keeps the line breaks of a text.
export function broken(text) {
  return text.split("\n").map((line, i) => [i > 0 && h("br"), plain(line)]);
}
