// Emoji by Slack's names. Those that cards live by are drawn, so they look the
// same on machines without an emoji font; the others are Unicode's.

import { h } from "/page/dom.js";

const NAMES = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", no_entry: "⛔", no_entry_sign: "🚫", warning: "⚠️",
  hourglass_flowing_sand: "⏳", hourglass: "⌛", wave: "👋", tada: "🎉", email: "📧", envelope: "✉️", link: "🔗",
  lock: "🔒", unlock: "🔓", key: "🔑", bell: "🔔", information_source: "ℹ️", calendar: "📆", date: "📅",
  bust_in_silhouette: "👤", busts_in_silhouette: "👥", memo: "📝", eyes: "👀", rocket: "🚀", thumbsup: "👍",
  "+1": "👍", thumbsdown: "👎", "-1": "👎", smile: "😄", slightly_smiling_face: "🙂", thinking_face: "🤔", fire: "🔥",
  heart: "❤️", star: "⭐", sparkles: "✨", point_right: "👉", raised_hands: "🙌", clap: "👏", pray: "🙏",
  question: "❓", exclamation: "❗", rotating_light: "🚨", clock1: "🕐", alarm_clock: "⏰", stopwatch: "⏱️",
  arrow_right: "➡️", arrows_counterclockwise: "🔄", repeat: "🔁", mag: "🔍", clipboard: "📋", shield: "🛡️",
  handshake: "🤝", robot_face: "🤖", wastebasket: "🗑️", door: "🚪", house: "🏠", gear: "⚙️", bulb: "💡",
  large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", red_circle: "🔴",
  large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", outbox_tray: "📤", inbox_tray: "📥",
};

const dot = (fill) => [["circle", { cx: 10, cy: 10, r: 7.5, fill }]];
const line = (d, stroke, w = 2.2) => ["path", { d, stroke, fill: "none", "stroke-width": w, "stroke-linecap": "round", "stroke-linejoin": "round" }];
const shape = (d, fill) => ["path", { d, fill }];
const sand = [
  line("M5 2.5h10M5 17.5h10", "#8a6d3b", 2),
  shape("M6 3.5h8v2.5c0 2-2.8 3-2.8 4s2.8 2 2.8 4v2.5H6V14c0-2 2.8-3 2.8-4S6 8 6 6z", "#d8ecf8"),
  shape("M7.2 5.8h5.6c-.3 1.6-2.8 2.4-2.8 3.6 0-1.2-2.5-2-2.8-3.6zM6.6 16c.4-2 2.4-2 3.4-3.2 1 1.2 3 1.2 3.4 3.2z", "#e8a33d"),
];
const padlock = [
  line("M6.5 9V6.5a3.5 3.5 0 017 0V9", "#7a7a7a", 2),
  ["rect", { x: 4, y: 8.5, width: 12, height: 9, rx: 2, fill: "#f2b632" }],
  ["circle", { cx: 10, cy: 13, r: 1.5, fill: "#7a5a10" }],
];
const mail = [
  ["rect", { x: 2, y: 4, width: 16, height: 12, rx: 2, fill: "#e8edf3", stroke: "#8797a8" }],
  line("M3 5.5l7 5.5 7-5.5", "#8797a8", 1.5),
];
const page = [
  ["rect", { x: 3, y: 4, width: 14, height: 13, rx: 2, fill: "#fff", stroke: "#b4b4b4" }],
  ["rect", { x: 3, y: 4, width: 14, height: 4, rx: 1.5, fill: "#e0455a" }],
  line("M6.5 11h2M11.5 11h2M6.5 14h2M11.5 14h2", "#8a8a8a", 1.6),
];
const head = [
  ["circle", { cx: 10, cy: 7, r: 3.6, fill: "#5b6f86" }],
  shape("M3 18c.4-4.5 3.2-6.5 7-6.5s6.6 2 7 6.5z", "#5b6f86"),
];
const ok = [["rect", { x: 2, y: 2, width: 16, height: 16, rx: 3, fill: "#2fa84f" }], line("M6 10.4l2.8 2.8L14.2 7", "#fff")];

const DRAWN = {
  "✅": ok,
  "✔": [line("M4 10.5l4 4L16 5.5", "#2fa84f", 2.6)],
  "❌": [line("M4.5 4.5l11 11M15.5 4.5l-11 11", "#d9304f", 3)],
  "⛔": [...dot("#d9304f"), ["rect", { x: 5.5, y: 8.6, width: 9, height: 2.8, rx: 0.8, fill: "#fff" }]],
  "🚫": [["circle", { cx: 10, cy: 10, r: 7, fill: "none", stroke: "#d9304f", "stroke-width": 2.2 }], line("M5.2 5.2l9.6 9.6", "#d9304f")],
  "⚠": [shape("M10 2.2L19 17.5H1z", "#f5b83d"), line("M10 8v4.2M10 15v.1", "#4a3300", 1.8)],
  "⏳": sand,
  "⌛": sand,
  "👋": [
    line("M6.8 11.5L4.6 7.4M9 10.2L6.9 4.6M11.3 9.4L10.2 4M13.2 9.8l.3-4.4", "#f0b93a", 2.3),
    shape("M5.7 11l7.8-2.6 2.3 1.8c1.4-1.3 2.6-1 2.2 0-1 3.5-2.6 7.8-6.5 7.8-3 0-4.5-3.5-5.8-7z", "#f0b93a"),
    line("M2 11.5c.4 1.6 1 2.6 2 3.6M16 3c1 .6 1.6 1.3 2 2.4", "#9aa7b5", 1.2),
  ],
  "🎉": [
    shape("M2.5 17.5L7 6.5l6.5 6.5z", "#e8a33d"),
    line("M10 6c.5-1.5.3-2.6-.6-3.6M13.5 10c1.6-.6 3-.4 4 .5M11.8 8l3.4-3.6", "#7b5bd6", 1.5),
    ["circle", { cx: 16, cy: 3, r: 1.1, fill: "#d9304f" }],
    ["circle", { cx: 17, cy: 14, r: 1.1, fill: "#2fa84f" }],
    ["circle", { cx: 5, cy: 3.5, r: 1.1, fill: "#2b8fd9" }],
  ],
  "📧": mail, "✉": mail, "📅": page, "📆": page, "🔒": padlock, "👤": head, "👥": head,
  "🔗": [line("M8.5 11.5l3-3M9 6.5l2-2a3 3 0 014.5 4.5l-2 2M11 13.5l-2 2A3 3 0 014.5 11l2-2", "#5b6f86", 1.9)],
  "ℹ": [["rect", { x: 2, y: 2, width: 16, height: 16, rx: 3, fill: "#3b82c4" }], line("M10 9.2v5M10 6v.1", "#fff")],
  "📝": [["rect", { x: 3.5, y: 2, width: 11, height: 16, rx: 1.5, fill: "#fff", stroke: "#b4b4b4" }], line("M6 6h6M6 9h6M6 12h3", "#8a8a8a", 1.3), line("M16.5 7.5l-6 7-.8 2", "#e8a33d", 2)],
  "🟢": dot("#2fa84f"), "🟡": dot("#f0c330"), "🟠": dot("#ec8a2e"), "🔴": dot("#d9304f"), "🔵": dot("#2b8fd9"), "⚪": dot("#d5d9de"), "⚫": dot("#333"),
};

const CHARS = new RegExp(`(${Object.keys(DRAWN).join("|")})\\uFE0F?`, "u");

// emoji draws one by name, or returns null for a name nobody gave.
export function emoji(name) {
  const char = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  return char ? glyph(char, `:${name}:`) : null;
}

function glyph(char, label) {
  const drawing = DRAWN[char.replace("\uFE0F", "")];
  if (!drawing) return h("span", { class: "emoji", role: "img", "aria-label": label, title: label }, char);
  return h("svg", { class: "emoji drawn", viewBox: "0 0 20 20", role: "img", "aria-label": label },
    drawing.map(([tag, props]) => h(tag, props)));
}

// plain turns text into nodes: nothing but emoji means anything in it.
export function plain(text) {
  return text.split(CHARS).map((part, i) => (i % 2 ? glyph(part, part) : part));
}

// named is plain text in which :name: is an emoji too.
export function named(text) {
  return text.split(/(:[a-z0-9_+'-]+:)/).map((part, i) => (i % 2 ? emoji(part.slice(1, -1)) ?? part : plain(part)));
}
