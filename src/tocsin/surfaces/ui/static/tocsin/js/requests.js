// htmx: the forgery token on every write, errors in plain words, dialogs that open when something is loaded into them.
import { say } from "./page.js";
import { toast } from "./toasts.js";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** The cookie first: whoever signed in again in another window has a new token, and an old page must still work. */
function token() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1]
    ?? document.querySelector("meta[name=csrf-token]")?.content
    ?? document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

function refreshToken({ target }) {
  const field = target.querySelector?.("input[name=csrfmiddlewaretoken]");
  if (field) field.value = token();
}

/** What an error page or problem document says, as one paragraph. */
function sentence(text, contentType) {
  if (contentType.includes("json")) {
    try { return JSON.parse(text).detail; } catch { return ""; }
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  const parts = ["what", "saved", "next"].map((name) => page.querySelector(`[data-error-${name}]`)?.textContent.trim());
  return parts.filter(Boolean).join(" ");
}

function explain({ detail: { ctx } }) {
  if (ctx.response.status === 422) return; // the form comes back with its messages beside the fields
  if (ctx.response.status === 401) return sessionOver();
  const text = sentence(ctx.text, ctx.response.headers.get("Content-Type") ?? "");
  toast({ text: text || say("failed"), tone: "bad" });
}

/** The page stays as it is, with everything that was typed; signing in happens in another window. */
function sessionOver() {
  const signIn = document.querySelector("meta[name=sign-in]")?.content;
  toast({ text: say("session_over"), tone: "bad", href: signIn, action: say("sign_in") });
}

/** A session that ended answers with the sign-in page: go there, and come back, instead of showing it in a corner. */
function followToSignIn(event) {
  const { raw } = event.detail.ctx.response;
  const signIn = document.querySelector("meta[name=sign-in]")?.content;
  if (!signIn || !raw.redirected || new URL(raw.url).pathname !== signIn) return;
  event.preventDefault();
  location.assign(`${signIn}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function openFilledDialog(target) {
  const dialog = target?.closest?.("dialog");
  if (dialog && !dialog.open && target.childElementCount) dialog.showModal();
  const first = ["[aria-invalid=true]", "[data-focus]", "[autofocus], input:not([type=hidden]), select, textarea", ".dialog-foot button"];
  first.map((wanted) => dialog?.querySelector(wanted)).find(Boolean)?.focus();
}

const underWay = new WeakSet();

/** A form is sent once: what is pressed while its answer is under way has no effect. */
function sendOnce(event) {
  const form = event.target;
  if (form.method !== "post") return;
  if (underWay.has(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  underWay.add(form);
  form.setAttribute("aria-busy", "true");
}

function answered(form) {
  underWay.delete(form);
  form.removeAttribute?.("aria-busy");
}

let focused = null;

/** A button that was pressed may be gone in what comes back: the one with its key takes over the focus. */
function keepFocus() {
  const key = focused && !focused.isConnected && focused.dataset.key;
  if (key && document.activeElement === document.body) document.querySelector(`[data-key="${key}"]`)?.focus();
}

export function wireRequests(enhance) {
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (!SAFE.has(ctx.request.method)) ctx.request.headers["X-CSRFToken"] = token();
  });
  document.addEventListener("submit", sendOnce, true);
  document.addEventListener("submit", refreshToken, true);
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => answered(ctx.sourceElement));
  addEventListener("pageshow", () => { for (const form of document.forms) answered(form); }); // back, after a plain form
  document.addEventListener("htmx:before:response", followToSignIn);
  document.addEventListener("htmx:response:error", explain);
  document.addEventListener("htmx:error", ({ detail }) => {
    const late = detail.ctx?.request?.signal?.reason === "timeout";
    if (detail.ctx && !detail.ctx.response) toast({ text: say(late ? "timeout" : "network"), tone: "bad" });
  });
  document.addEventListener("htmx:before:swap", () => { focused = document.activeElement; });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const target = typeof ctx.target === "string" ? document.querySelector(ctx.target) : ctx.target;
    if (target?.id === "dialog-body") openFilledDialog(target);
    keepFocus();
    enhance(document);
  });
  document.addEventListener("dialog-close", () => {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  });
}
