// The queue stays where it was: opening a case loads a page, and the list beside it must not jump to its top.
const list = () => document.querySelector(".queue .qlist");
const KEY = "tocsin-queue-place";

function read() {
  try { return JSON.parse(sessionStorage.getItem(KEY) ?? "null"); } catch { return null; }
}

/** Goes back to the place in the same view of the queue, and sees to it that the open case is in sight. */
export function keepPlace() {
  const box = list();
  if (!box) return;
  const view = box.closest("[hx-get]")?.getAttribute("hx-get").replace(/&?current=[^&]*/, "") ?? "";
  const kept = read();
  if (kept?.view === view) box.scrollTop = kept.top;
  const open = box.querySelector("[aria-current=true]");
  if (open) {
    const at = open.getBoundingClientRect(), frame = box.getBoundingClientRect();
    if (at.top < frame.top || at.bottom > frame.bottom) box.scrollTop += at.top - frame.top - frame.height / 3;
  }
  addEventListener("pagehide", () => {
    try { sessionStorage.setItem(KEY, JSON.stringify({ view, top: box.scrollTop })); } catch { /* it begins at the top */ }
  });
}
