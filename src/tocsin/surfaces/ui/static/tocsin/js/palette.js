// The command palette (Ctrl/⌘ K, or /): one box for going somewhere, finding something, doing something.
//
// `data-url` on the dialog answers GET ?q=… with {"items": [{group, label, href, icon?, hint?, keywords?}]}. Items of the
// first, empty question are kept and filtered at once; longer questions are also asked of the server.
import { element, icon, say } from "./page.js";

const SHOWN = 40;
let dialog, input, list, status, opener;
let known = [], found = [], options = [], active = -1, asked = 0, answer = Promise.resolve();

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Every word of the question occurs. */
function matching(items, question) {
  const words = fold(question).split(/\s+/).filter(Boolean);
  return items.filter((item) => {
    const text = fold(`${item.label} ${item.keywords ?? ""} ${item.group ?? ""}`);
    return words.every((word) => text.includes(word));
  });
}

/** What begins with the question comes first, everything else as it came: Enter opens the first. */
function bestFirst(items, question) {
  const begins = (item) => fold(item.label).startsWith(fold(question));
  return question ? [...items].sort((one, other) => begins(other) - begins(one)) : items;
}

async function ask(question) {
  if (!dialog.dataset.url) return [];
  const url = new URL(dialog.dataset.url, location.href);
  url.searchParams.set("q", question);
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  return response.ok ? (await response.json()).items : [];
}

function draw(question) {
  const seen = new Set();
  const items = bestFirst([...found, ...matching([...actions(), ...known], question)], question)
    .filter(({ href, press }) => { // the navigation and the server may both know a page
      if (press) return press.isConnected;
      const address = new URL(href, location.href).href;
      return !seen.has(address) && seen.add(address);
    }).slice(0, SHOWN);
  const groups = Map.groupBy ? Map.groupBy(items, (item) => item.group ?? "") : groupBy(items);
  options = [];
  list.replaceChildren(...[...groups].map(([name, members], at) => {
    const heading = element("div", { id: `palette-group-${at}`, role: "presentation" }, name);
    return element("div", { role: "group", "aria-labelledby": heading.id }, heading, ...members.map(option));
  }));
  if (!items.length) list.append(element("div", { class: "empty", role: "presentation" }, `${say("no_results")} “${question}”`));
  status.textContent = `${items.length} ${say("results")}`;
  choose(items.length ? 0 : -1);
}

function groupBy(items) {
  const groups = new Map();
  for (const item of items) groups.set(item.group ?? "", [...(groups.get(item.group ?? "") ?? []), item]);
  return groups;
}

function option(item) {
  const made = element("div", { role: "option", id: `palette-option-${options.length}`, "aria-selected": "false" },
    icon(item.icon ?? "arrow-right"), element("span", { class: "clip" }, item.label),
    item.hint ? element("span", { class: "hint" }, item.hint) : null);
  made.addEventListener("click", () => go(item));
  options.push({ made, item });
  return made;
}

function choose(index) {
  options[active]?.made.setAttribute("aria-selected", "false");
  active = index;
  const chosen = options[active]?.made;
  if (!chosen) return input.removeAttribute("aria-activedescendant");
  chosen.setAttribute("aria-selected", "true");
  chosen.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", chosen.id);
}

function go(item) {
  dialog.close();
  if (item.press) item.press.click(); else location.assign(item.href);
}

function onInput() {
  const question = input.value.trim();
  const mine = ++asked;
  found = [];
  draw(question);
  answer = question.length < 2 ? Promise.resolve() : find(question, mine);
}

async function find(question, mine) {
  await new Promise((wake) => setTimeout(wake, 140));
  if (mine !== asked) return;
  const items = await ask(question).catch(() => []);
  if (mine !== asked) return; // a newer question is already on its way
  found = items;
  draw(question);
}

async function onKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && options.length) {
    event.preventDefault();
    choose((active + step + options.length) % options.length);
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (!options.length) await answer; // typed faster than the server answers
    if (dialog.open && options[active]) go(options[active].item);
  }
}

export async function openPalette() {
  if (!dialog || dialog.open) return;
  opener = document.activeElement;
  input.value = "";
  found = [];
  dialog.showModal();
  input.focus();
  draw("");
  if (!known.length) {
    known = [...pageCommands(), ...await ask("").catch(() => [])];
    if (dialog.open && !input.value) draw("");
  }
}

/** What can be done on this page now: whatever has a key, or says that it is a command. */
function actions() {
  const group = say("on_this_page");
  return [...document.querySelectorAll("main [data-key-label], main [data-command]")].map((press) => ({
    group, press, label: press.dataset.keyLabel ?? press.textContent.trim(), hint: press.dataset.key?.toUpperCase(),
    icon: press.querySelector("use")?.getAttribute("href").split("#")[1] ?? "command",
  }));
}

/** The navigation is always there, even when the server cannot be reached. */
function pageCommands() {
  const group = say("go_to");
  return [...document.querySelectorAll(".nav a")].map((link) => ({
    group, label: link.title, href: link.href, hint: link.dataset.key?.toUpperCase(),
    icon: link.querySelector("use")?.getAttribute("href").split("#")[1],
  }));
}

export function wirePalette() {
  dialog = document.getElementById("palette");
  input = dialog.querySelector("input");
  list = dialog.querySelector("[role=listbox]");
  status = dialog.querySelector("[data-palette-status]");
  input.addEventListener("input", onInput);
  input.addEventListener("keydown", onKey);
  dialog.addEventListener("close", () => opener?.focus?.());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette-open]")) return;
    event.preventDefault();
    openPalette();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
    }
  });
}
