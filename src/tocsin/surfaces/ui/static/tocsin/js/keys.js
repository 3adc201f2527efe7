// Keyboard shortcuts. Whatever carries `data-key="r"` (or a sequence, `data-key="g q"`) is pressed by that key; the `?`
// dialog lists what is on the page, so that no shortcut is a secret. They rest while somebody types or a dialog is open,
// and a switch in the dialog turns single keys off (WCAG 2.1.4).
import { createKeybindingsHandler } from "../vendor/tinykeys.js";
import { element, preference } from "./page.js";
import { openPalette } from "./palette.js";

let on = preference.read("keys") !== "off";
let handler = () => {};

const typing = (target) => target.closest("input, select, textarea, [contenteditable], dialog[open]");
const visible = (node) => node.checkVisibility?.() ?? node.offsetParent !== null;
const targets = () => [...document.querySelectorAll("[data-key]")].filter(visible);

function items() {
  return [...document.querySelectorAll("[data-queue] [data-item]")];
}

/** Moves through the queue; the focus moves too, so that Enter opens and a screen reader follows. */
function step(by) {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const from = at >= 0 ? at : all.findIndex((item) => item.hasAttribute("aria-current"));
  const to = Math.min(Math.max(from + by, 0), all.length - 1);
  all[to].focus();
  all[to].scrollIntoView({ block: "nearest" });
}

function press(node) {
  node.focus?.({ preventScroll: true });
  node.click();
}

function search() {
  const box = document.querySelector("input[data-search]");
  if (box) box.focus(); else openPalette();
}

function bindings() {
  const map = {
    j: () => step(1),
    k: () => step(-1),
    "/": search,
    "Shift+?": openHelp,
    "?": openHelp,
  };
  for (const node of targets()) {
    const keys = node.dataset.key;
    map[keys] ??= () => { if (node.isConnected && !node.disabled) press(node); };
  }
  return Object.fromEntries(Object.entries(map).map(([keys, act]) => [keys, (event) => {
    event.preventDefault(); // or a box that opens would receive the key too
    act();
  }]));
}

function bind() {
  handler = createKeybindingsHandler(bindings(), { ignore: (event) => event.repeat && !"jk".includes(event.key) });
}

function openHelp() {
  const dialog = document.getElementById("keys-dialog");
  if (!dialog || dialog.open) return;
  fill(dialog);
  dialog.showModal();
}

/** What can be pressed here and now, in groups. */
function fill(dialog) {
  const words = dialog.querySelector("[data-keys-words]").dataset;
  const groups = new Map();
  const add = (group, keys, label) => groups.set(group, [...(groups.get(group) ?? []), [keys, label]]);
  for (const node of targets()) {
    add(node.dataset.keyGroup ?? words.page, node.dataset.key, node.dataset.keyLabel ?? node.textContent.trim());
  }
  if (items().length) {
    add(words.list, "j", words.next);
    add(words.list, "k", words.previous);
    add(words.list, "Enter", words.open);
  }
  add(words.anywhere, "Ctrl/⌘ K", words.palette);
  add(words.anywhere, "/", words.search);
  add(words.anywhere, "?", words.help);
  dialog.querySelector("[data-keys-here]").replaceChildren(...[...groups].map(([name, rows]) => section(name, rows, words.then)));
}

function section(name, rows, then) {
  const list = element("dl", { class: "keys-list" });
  for (const [keys, label] of rows) {
    const presses = keys.split(" ").flatMap((key, at) => [
      ...(at && !keys.includes("/⌘") ? [element("span", { class: "dimmer small" }, ` ${then} `)] : []),
      element("kbd", {}, key.length === 1 ? key.toUpperCase() : key)]);
    list.append(element("dt", {}, ...presses), element("dd", {}, label));
  }
  return element("section", { class: "stack tight" }, element("h3", {}, name), list);
}

export function wireKeys() {
  const toggle = document.querySelector("[data-keys-switch]");
  toggle.checked = on;
  toggle.addEventListener("change", () => { on = toggle.checked; preference.write("keys", on ? "on" : "off"); });
  bind();
  document.addEventListener("htmx:after:swap", bind);
  matchMedia("(width < 56em)").addEventListener("change", bind);
  document.addEventListener("keydown", (event) => {
    if (!on || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    handler(event);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dialog=keys-dialog]")) fill(document.getElementById("keys-dialog"));
  });
}
