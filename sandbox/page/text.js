// Slack's mrkdwn and its mentions, dates and links, as nodes.

import { h } from "/page/dom.js";
import { emoji, plain } from "/page/emoji.js";
import { app, channel, go, list, person, str } from "/page/store.js";

const decode = (s) => s.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

// mrkdwn draws a message's text: preformatted parts, then lines.
export function mrkdwn(source) {
  const parts = str(source).split("```");
  if (parts.length % 2 === 0) parts.push(parts.splice(-2).join("```"));
  return parts.map((part, i) => (i % 2 ? h("pre", {}, decode(part).replace(/^\n|\n$/g, "")) : lines(part, i > 0)));
}

function lines(source, afterBlock) {
  const out = [];
  let quote = null;
  let broken = true; // no line break is owed
  for (const line of (afterBlock ? source.replace(/^\n/, "") : source).split("\n")) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    const bullet = /^( *)[•◦▪] +(.*)$/.exec(line);
    if (quoted) {
      if (!quote) out.push((quote = []));
      else quote.push(h("br"));
      quote.push(inline(quoted[1]));
      broken = true;
      continue;
    }
    quote = null;
    if (bullet) {
      out.push(h("div", { class: "bullet" }, h("span", { class: "dot" }, "•"), h("span", {}, inline(bullet[2]))));
      broken = true;
      continue;
    }
    if (!broken) out.push(h("br"));
    out.push(...inline(line).flat());
    broken = false;
  }
  return out.map((part) => (Array.isArray(part) ? h("blockquote", {}, part) : part));
}

const TOKEN = /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+'-]+):|(https?:\/\/[^\s<>|]+[^\s<>|.,;:!?'")\]])|([*_~])/gi;
const STYLES = { "*": "strong", _: "em", "~": "s" };

// inline draws one line: code, <links and mentions>, emoji, addresses, styles.
export function inline(line) {
  const out = [];
  let from = 0;
  TOKEN.lastIndex = 0;
  for (let m = TOKEN.exec(line); m; m = TOKEN.exec(line)) {
    const next = TOKEN.lastIndex;
    let node = null;
    let end = next;
    if (m[1] !== undefined) node = h("code", {}, decode(m[1]));
    else if (m[2] !== undefined) node = angle(m[2]);
    else if (m[3] !== undefined) node = emoji(m[3]);
    else if (m[4] !== undefined) node = link(decode(m[4]));
    else {
      end = closing(line, m.index, m[5]);
      if (end > 0) node = h(STYLES[m[5]], {}, inline(line.slice(m.index + 1, end - 1)));
      else end = next;
    }
    if (node) {
      out.push(...words(line.slice(from, m.index)), node);
      from = end;
    } else if (m[3] !== undefined) {
      end = m.index + 1; // the second colon may open an emoji
    }
    TOKEN.lastIndex = end;
  }
  out.push(...words(line.slice(from)));
  return out;
}

const words = (s) => (s ? plain(decode(s)) : []);

// closing finds where a style that opens at i ends, or 0 if it does not.
function closing(line, i, mark) {
  const word = /[\p{L}\p{N}]/u;
  if (i > 0 && word.test(line[i - 1])) return 0;
  if (!line[i + 1] || line[i + 1] === " " || line[i + 1] === mark) return 0;
  for (let j = line.indexOf(mark, i + 2); j > 0; j = line.indexOf(mark, j + 1)) {
    if (line[j - 1] !== " " && !(line[j + 1] && word.test(line[j + 1]))) return j + 1;
  }
  return 0;
}

function angle(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : decode(inside.slice(bar + 1));
  if (target.startsWith("@")) return userMention(target.slice(1), label);
  if (target.startsWith("#")) return channelMention(target.slice(1), label);
  if (target.startsWith("!subteam^")) return groupMention(target.slice(9), label);
  if (target.startsWith("!date^")) return dateToken(target.slice(6), label);
  if (target.startsWith("!")) return broadcast(target.slice(1));
  // What is no address that can be followed stands there as it was written.
  return safe(decode(target)) ? link(decode(target), label) : null;
}

export function userMention(id, label) {
  const who = person(id);
  const name = who ? str(who.real_name || who.name) : label || id;
  return h("span", { class: `mention${id === app.state?.me?.id ? " me" : ""}` }, `@${name.replace(/^@/, "")}`);
}

export function channelMention(id, label) {
  const known = channel(id);
  const name = `#${known ? str(known.name) : label || "private"}`;
  if (!known) return h("span", { class: "mention" }, name);
  return h("button", { type: "button", class: "mention", onclick: () => go({ at: id, pane: "chat" }) }, name);
}

export function groupMention(id, label) {
  const group = list(app.state?.usergroups).find((g) => g.id === id);
  const name = group ? str(group.handle || group.name) : label || id;
  return h("span", { class: "mention" }, `@${name.replace(/^@/, "")}`);
}

export const broadcast = (range) => h("span", { class: "mention me" }, `@${range}`);

// link draws an address that is safe to follow, and any other as mere text.
export function link(address, ...label) {
  const shown = label.flat().some((x) => x) ? label : [address];
  const url = safe(address);
  if (!url) return h("span", {}, shown);
  const place = permalink(url);
  return h("a", {
    href: url.href,
    target: "_blank",
    rel: "noopener noreferrer",
    onclick: (event) => {
      if (!place) return;
      event.preventDefault();
      go({ ...place, pane: "chat" });
    },
  }, shown);
}

export function safe(address) {
  if (!URL.canParse(str(address))) return null;
  const url = new URL(str(address));
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? url : null;
}

// permalink reads a link to a message: it is followed inside the page.
function permalink(url) {
  const m = /^\/archives\/([CDG]\w+)(?:\/p(\d+)(\d{6}))?\/?$/.exec(url.pathname);
  if (!m || !(url.host === location.host || url.host.endsWith(".slack.com"))) return null;
  return { at: m[1], marked: m[2] ? `${m[2]}.${m[3]}` : "" };
}

function dateToken(token, fallback) {
  const [unix, format = "", target] = token.split("^");
  return date(Number(unix), decode(format), fallback, target ? decode(target) : "");
}

// date shows an instant in the reader's own time zone and words.
export function date(unix, format, fallback, target) {
  if (!Number.isFinite(unix)) return h("span", {}, fallback || "");
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => dateWord(new Date(unix * 1000), name) ?? whole);
  const shown = h("time", { datetime: new Date(unix * 1000).toISOString(), title: moment(unix) }, text || fallback);
  return target ? link(target, shown) : shown;
}

const say = (at, options) => new Intl.DateTimeFormat("en", options).format(at);
const long = { year: "numeric", month: "long", day: "numeric" };

function dateWord(at, name) {
  switch (name) {
    case "date_num": return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
    case "date_slash": return say(at, { year: "numeric", month: "2-digit", day: "2-digit" });
    case "date": return say(at, long);
    case "date_short": return say(at, { ...long, month: "short" });
    case "date_long":
    case "date_long_full": return say(at, { ...long, weekday: "long" });
    case "date_pretty": return nearDay(at) ?? say(at, long);
    case "date_short_pretty": return nearDay(at) ?? say(at, { ...long, month: "short" });
    case "date_long_pretty":
    case "day_divider_pretty": return nearDay(at) ?? say(at, { ...long, weekday: "long" });
    case "time": return say(at, { hour: "numeric", minute: "2-digit" });
    case "time_secs": return say(at, { hour: "numeric", minute: "2-digit", second: "2-digit" });
    case "ago": return ago(at.getTime() / 1000);
    default: return undefined;
  }
}

function nearDay(at) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const days = Math.round((midnight(at) - midnight(new Date(now() * 1000))) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

const now = () => Number(app.state?.now) || Date.now() / 1000;

export function ago(unix) {
  const seconds = unix - now();
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

export const clock = (unix) => say(new Date(unix * 1000), { hour: "numeric", minute: "2-digit" });
export const moment = (unix) => say(new Date(unix * 1000), { dateStyle: "full", timeStyle: "short" });

export function day(unix) {
  const word = nearDay(new Date(unix * 1000));
  if (word) return word[0].toUpperCase() + word.slice(1);
  return say(new Date(unix * 1000), { weekday: "long", month: "long", day: "numeric" });
}
