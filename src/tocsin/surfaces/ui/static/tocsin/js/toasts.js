// Short messages at the corner, and the strip that says the network is gone.
//
// The server sends one with the header  HX-Trigger: {"toast": {"text": "…", "tone": "good", "undo": "/…"}}.
// `undo` is an address to POST to: every action has its inverse.
import { element, icon, say } from "./page.js";

const ICONS = { good: "circle-check", bad: "circle-alert", info: "info" };

/** Shows a message, once. Bad news stays until it is closed; other messages leave after eight seconds, unless read.
 *  `href` and `action`: a link beside it, which opens in a window of its own so that nothing on this page is lost. */
export function toast({ text, tone = "info", undo = "", href = "", action = "" }) {
  const shown = [...document.querySelectorAll("#toasts .toast > p")].find((words) => words.textContent === text);
  if (shown) return;
  const close = element("button", { type: "button", class: "x", "aria-label": say("close") }, icon("x"));
  const box = element("div", { class: `toast ${tone}` }, icon(ICONS[tone] ?? "info"), element("p", {}, text));
  if (undo) box.append(undoButton(undo, box));
  if (href) box.append(element("a", { href, target: "_blank", rel: "noopener" }, action));
  box.append(close);
  document.getElementById("toasts")?.append(box);
  close.addEventListener("click", () => box.remove());
  if (tone !== "bad") leaveSoon(box);
}

function undoButton(url, box) {
  const button = element("button", { type: "button", class: "undo" }, say("undo"));
  button.addEventListener("click", () => {
    box.remove();
    window.htmx.ajax("POST", url, { swap: "none" });
  });
  return button;
}

function leaveSoon(box) {
  let timer = setTimeout(() => box.remove(), 8000);
  const stay = () => clearTimeout(timer);
  const go = () => { stay(); timer = setTimeout(() => box.remove(), 4000); };
  box.addEventListener("pointerenter", stay);
  box.addEventListener("focusin", stay);
  box.addEventListener("pointerleave", go);
  box.addEventListener("focusout", go);
}

/** What the server said with the page leaves like any other message. */
function adopt() {
  for (const old of document.querySelectorAll("#toasts > .toast")) {
    const tone = ["good", "bad"].find((name) => old.classList.contains(name)) ?? "info";
    const text = old.querySelector("p")?.textContent ?? "";
    old.remove();
    toast({ text, tone });
  }
}

export function wireToasts() {
  adopt();
  document.addEventListener("toast", (event) => toast(event.detail));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-toast]");
    if (button) toast({ text: button.dataset.toast, tone: button.dataset.toastTone });
  });
}

/** Shows or hides the strip at the foot of the page. One strip a reason. */
export function strip(reason, text) {
  const id = `strip-${reason}`;
  const shown = document.getElementById(id);
  if (!text) return shown?.remove();
  if (!shown) {
    document.body.append(element("div", { id, class: "offline", role: "status" }, icon("wifi-off"), text));
  }
}

export function startNetworkWatch() {
  const look = () => strip("network", navigator.onLine ? "" : say("offline"));
  addEventListener("online", look);
  addEventListener("offline", look);
  look();
}
