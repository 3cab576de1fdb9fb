// A description of the page is patched into the document in place: an element
// that is still wanted is the same element afterwards, so it keeps its focus,
// caret, selection and scroll position. Text only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "circle", "rect", "g"]);
const LIVE = new Set(["value", "checked", "disabled", "inert", "open"]);
const MINE = Symbol("what this element was drawn from");

let mounted = [];

// h describes an element. Props: key (identity among siblings), class, vars
// (CSS custom properties), on… (listeners), mount (called once with the new
// element after it is in the document); the rest are attributes.
export function h(tag, props, ...children) {
  return { tag, props: props ?? {}, key: props?.key, children: flatten(children, []) };
}

function flatten(list, into) {
  for (const child of list) {
    if (child === null || child === undefined || child === false || child === true) continue;
    if (Array.isArray(child)) flatten(child, into);
    else if (typeof child === "object") into.push(child);
    else into.push({ tag: "#text", text: String(child) });
  }
  return into;
}

// render makes root's children match what is described.
export function render(root, ...wanted) {
  patch(root, flatten(wanted, []));
  const fresh = mounted;
  mounted = [];
  for (const [mount, node] of fresh) mount(node);
}

function patch(parent, wanted) {
  const keyed = new Map();
  const free = [];
  for (const node of parent.childNodes) {
    const key = node[MINE]?.key;
    if (key === undefined) free.push(node);
    else keyed.set(key, node);
  }
  const nodes = wanted.map((v) => {
    let node;
    if (v.key !== undefined) {
      node = keyed.get(v.key);
      if (node?.[MINE].tag === v.tag) keyed.delete(v.key);
      else node = undefined;
    } else {
      const i = free.findIndex((n) => n[MINE]?.tag === v.tag);
      if (i >= 0) [node] = free.splice(i, 1);
    }
    return node ?? create(v);
  });
  for (const node of [...keyed.values(), ...free]) node.remove();
  nodes.forEach((node, i) => {
    if (parent.childNodes[i] !== node) parent.insertBefore(node, parent.childNodes[i] ?? null);
  });
  nodes.forEach((node, i) => update(node, wanted[i]));
}

function create(v) {
  let node;
  if (v.tag === "#text") node = document.createTextNode("");
  else if (SVG_TAGS.has(v.tag)) node = document.createElementNS(SVG, v.tag);
  else node = document.createElement(v.tag);
  node[MINE] = { tag: v.tag, key: v.key, props: {}, on: {} };
  if (v.props?.mount) mounted.push([v.props.mount, node]);
  return node;
}

function update(node, v) {
  if (v.tag === "#text") {
    if (node.data !== v.text) node.data = v.text;
    return;
  }
  const mine = node[MINE];
  for (const name of Object.keys(mine.props)) {
    if (!(name in v.props)) setProp(node, name, undefined, mine);
  }
  for (const [name, value] of Object.entries(v.props)) {
    if (name !== "value") setProp(node, name, value, mine);
  }
  mine.props = v.props;
  patch(node, v.children);
  // A select can only take a value that its options already offer.
  if ("value" in v.props) setProp(node, "value", v.props.value, mine);
}

function setProp(node, name, value, mine) {
  if (name === "key" || name === "mount") return;
  if (name.startsWith("on")) {
    listen(node, name.slice(2), value, mine);
  } else if (name === "vars") {
    for (const [k, x] of Object.entries(value ?? {})) node.style.setProperty(k, x);
  } else if (LIVE.has(name) && name in node) {
    const wanted = name === "value" ? String(value ?? "") : Boolean(value);
    if (node[name] !== wanted) node[name] = wanted;
  } else {
    const attribute = name === "class" ? value || null : value;
    if (attribute === null || attribute === undefined || attribute === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(attribute)) node.setAttribute(name, attribute === true ? "" : attribute);
  }
}

function listen(node, type, fn, mine) {
  if (!(type in mine.on)) node.addEventListener(type, (event) => mine.on[type]?.(event));
  mine.on[type] = fn;
}
