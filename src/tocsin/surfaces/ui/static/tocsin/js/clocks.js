// Clocks tick every second. `<time data-due="…Z">` counts down to its moment; the words match `formatting.span`.
import { say } from "./page.js";

const HOT = 3600, WARM = 4 * 3600;
const TONES = ["hot", "warm", "late"];

/** Milliseconds by which this computer's clock is behind the server's: a wrong clock here must not lie about a deadline. */
const behind = document.body.dataset.now ? Number(document.body.dataset.now) - Date.now() : 0;

const two = (number) => String(number).padStart(2, "0");

/** `3d 04h`, `5h 58m`, `00:41:12`: the finer the shorter. */
export function span(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const days = Math.floor(whole / 86400), hours = Math.floor((whole % 86400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days) return `${days}d ${two(hours)}h`;
  if (whole >= WARM) return `${hours}h ${two(minutes)}m`;
  return `${two(hours)}:${two(minutes)}:${two(whole % 60)}`;
}

function show(clock, now) {
  const left = (Date.parse(clock.dataset.due) - now) / 1000;
  const tone = left < 0 ? "late" : left < HOT ? "hot" : left < WARM ? "warm" : "";
  const text = left < 0 ? say("late", { span: span(left) }) : span(left);
  const words = clock.querySelector("[data-left]") ?? clock;
  if (words.textContent !== text) words.textContent = text;
  for (const name of TONES) clock.classList.toggle(name, name === tone);
}

function tick() {
  const now = Date.now() + behind;
  for (const clock of document.querySelectorAll("time[data-due]")) show(clock, now);
}

export function startClocks() {
  tick();
  setInterval(() => { if (!document.hidden) tick(); }, 1000);
  document.addEventListener("visibilitychange", tick);
}
