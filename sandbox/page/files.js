// The input for files. A file is sent to the sandbox when it is attached, and
// from then on shown as the sandbox describes it.

import { h } from "/page/dom.js";
import { act, list, str, ui } from "/page/store.js";
import { valueOf } from "/page/values.js";

export function files(common, where, b, e) {
  const held = list(valueOf(where, b, e));
  const busy = ui.busy.has(`${where.scope}/${str(b.block_id)}/attach`);
  const most = Number(e.max_files) || 10;
  const kinds = list(e.filetypes).map((k) => `.${str(k)}`);
  return h("div", { ...common, class: "files", role: "group" },
    held.map((f) => h("div", { class: "file", key: str(f.id), "data-testid": `file-${str(f.name)}` },
      h("span", { class: "file-kind", "aria-hidden": "true" }, str(f.filetype).slice(0, 4).toUpperCase()),
      h("span", { class: "file-name" }, str(f.name), h("span", { class: "file-size" }, `${str(f.pretty_type)}, ${size(Number(f.size))}`)),
      h("button", {
        type: "button", class: "plain-x", "aria-label": `Remove ${str(f.name)}`,
        onclick: () => act({ do: "detach", block_id: str(b.block_id), name: str(f.id) }),
      }, "×"))),
    held.length < most && h("label", { class: "btn file-pick", key: "pick", "aria-busy": busy ? "true" : null },
      busy && h("span", { class: "spinner", key: "spinner", "aria-hidden": "true" }), most > 1 ? "Add files" : "Add file",
      h("input", {
        type: "file", multiple: most > 1, accept: kinds.join() || null, disabled: busy, "data-testid": `pick-${str(b.block_id)}`,
        onchange: (event) => attach(event.target, where, b),
      })),
    kinds.length > 0 && h("div", { class: "hint", key: "kinds" }, `${kinds.join(", ")}, up to 10 MB`));
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

// attach sends the files that were picked one after the other, and stops at the
// first that is refused.
async function attach(input, where, b) {
  const picked = [...input.files];
  for (const f of picked) {
    const content = await base64(f);
    const answer = await act({ do: "attach", block_id: str(b.block_id), name: f.name, content }, `${where.scope}/${str(b.block_id)}/attach`);
    if (!answer.ok) break;
  }
  input.value = "";
}

function base64(f) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result).split(",")[1] ?? ""));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(f);
  });
}
