// Live updates: one stream of server-sent events a page.
//
// The stream carries signals, not data: an event `queue` is dispatched on <body> as `live:queue`, and whatever wants to
// know re-reads itself from the web process, which checks again who may see what:
//   <div hx-get="/console/queue/rows" hx-trigger="live:queue from:body">
import { say } from "./page.js";
import { strip, toast } from "./toasts.js";

const PATIENCE = 4000; // a short gap needs no alarm: the browser reconnects by itself within a few seconds

let source = null, alarm = null, wasLost = false, attempt = 0;

function lost() {
  alarm ??= setTimeout(() => { wasLost = true; strip("live", say("live_lost")); }, PATIENCE);
}

function back() {
  clearTimeout(alarm);
  alarm = null;
  attempt = 0;
  strip("live", "");
  if (!wasLost) return;
  wasLost = false;
  toast({ text: say("live_back"), tone: "good" });
  document.body.dispatchEvent(new CustomEvent("live:back", { bubbles: true })); // whoever missed something re-reads
}

function connect(url, names) {
  source = new EventSource(url, { withCredentials: true });
  source.addEventListener("open", back);
  source.addEventListener("error", () => {
    lost();
    if (source.readyState !== EventSource.CLOSED) return; // the browser is trying again by itself
    setTimeout(() => connect(url, names), Math.min(30000, 1000 * 2 ** attempt++));
  });
  const pass = (event) => document.body.dispatchEvent(
    new CustomEvent(`live:${event.type}`, { bubbles: true, detail: read(event.data) }));
  for (const name of names) source.addEventListener(name, pass);
}

function read(data) {
  try { return JSON.parse(data); } catch { return { text: data }; }
}

/** What this page follows: the queue, and every case that is on it (<… data-case="case_01j…">). */
function followed() {
  const cases = [...document.querySelectorAll("[data-case]")].map((part) => `case:${part.dataset.case}`);
  return new URLSearchParams({ topics: ["queue", ...new Set(cases)].join(",") });
}

/** Starts when <body data-live-url="…" data-live-events="queue case notice"> asks for it. */
export function startLive() {
  const { liveUrl, liveEvents } = document.body.dataset;
  if (!liveUrl) return;
  const names = (liveEvents ?? "queue case notice clock toast").split(" ");
  const start = () => connect(`${liveUrl}?${followed()}`, names);
  start();
  document.addEventListener("live:toast", ({ detail }) => toast(detail));
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) start(); });
}
