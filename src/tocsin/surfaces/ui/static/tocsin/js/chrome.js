// The frame: theme, drawer of the navigation, menus, dialogs, copy buttons, queue and case as two panes on a phone.
import { preference, say } from "./page.js";
import { toast } from "./toasts.js";

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");

function paintThemeButton() {
  const name = theme() === "dark" ? "sun" : "moon";
  for (const use of document.querySelectorAll("[data-theme-toggle] use")) {
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  }
}

function setTheme(name) {
  root.dataset.theme = name;
  paintThemeButton();
  document.dispatchEvent(new CustomEvent("theme-changed"));
}

function wireTheme() {
  paintThemeButton();
  dark.addEventListener("change", () => { paintThemeButton(); document.dispatchEvent(new CustomEvent("theme-changed")); });
  addEventListener("storage", (event) => { if (event.key === "tocsin-theme" && event.newValue) setTheme(event.newValue); });
}

function toggleNav(open) {
  const app = document.querySelector(".app"), toggle = document.querySelector("[data-nav-toggle]");
  if (!app || !toggle) return;
  app.dataset.nav = open ? "open" : "";
  toggle.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector("#nav a")?.focus();
}

const navIsOpen = () => document.querySelector(".app")?.dataset.nav === "open";

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(source ? source.value ?? source.textContent.trim() : button.dataset.copy);
  toast({ text: say("copied"), tone: "good" });
}

const CLICKS = {
  "[data-theme-toggle]": () => {
    const next = theme() === "dark" ? "light" : "dark";
    preference.write("theme", next);
    setTheme(next);
  },
  "[data-nav-toggle]": (hit, event) => { event.preventDefault(); toggleNav(!navIsOpen()); },
  "[data-dialog]": (hit) => document.getElementById(hit.dataset.dialog)?.showModal(),
  "[data-dialog-close]": (hit) => hit.closest("dialog")?.close(),
  "[data-copy]": (hit) => copy(hit),
  "[data-print]": () => print(),
  "[data-pane-to]": (hit) => { document.querySelector(".app").dataset.pane = hit.dataset.paneTo; },
  "[data-item]": () => { document.querySelector(".app").dataset.pane = "main"; },
  "[data-quick-exit]": (hit, event) => { event.preventDefault(); location.replace(hit.href); },
};

function onClick(event) {
  for (const [selector, act] of Object.entries(CLICKS)) {
    const hit = event.target.closest(selector);
    if (hit) act(hit, event);
  }
  if (event.target instanceof HTMLDialogElement && !event.target.hasAttribute("data-modal")) event.target.close(); // the backdrop
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    const insideList = event.target.closest(".menu-list") && !event.target.closest("a, button");
    if (!menu.contains(event.target) || (event.target.closest(".menu-list") && !insideList)) menu.open = false;
  }
  if (navIsOpen() && !event.target.closest("#nav, [data-nav-toggle]")) toggleNav(false);
}

function onEscape(event) {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  if (navIsOpen()) { toggleNav(false); document.querySelector("[data-nav-toggle]").focus(); }
}

/** Paper cannot be unfolded: whatever is folded is printed open. */
function wirePrinting() {
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details:not([open], [data-menu])")];
    for (const part of folded) part.open = true;
  });
  addEventListener("afterprint", () => { for (const part of folded) part.open = false; });
}

export function wireChrome() {
  wirePrinting();
  wireTheme();
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onEscape);
  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    for (const key of document.querySelectorAll("[data-mod]")) key.textContent = "⌘";
  }
}
