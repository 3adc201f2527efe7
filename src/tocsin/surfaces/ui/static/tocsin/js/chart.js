// Line charts over time, drawn by uPlot; the same figures stand in a table beneath.
import { element } from "./page.js";

const PALETTE = ["acc", "amb", "grn", "red", "blu"];
const drawn = new Map();
let library;

/** uPlot comes as a classic script that sets a global; it is fetched once, when a page first has a chart. */
function load() {
  library ??= new Promise((done, fail) => {
    document.head.append(element("link", { rel: "stylesheet", href: new URL("../vendor/uplot.min.css", import.meta.url) }));
    const script = element("script", { src: new URL("../vendor/uplot.iife.min.js", import.meta.url) });
    script.addEventListener("load", () => done(window.uPlot));
    script.addEventListener("error", fail);
    document.head.append(script);
  });
  return library;
}

const css = (name) => {
  const probe = element("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};

async function read(box) {
  const inside = box.querySelector("script[type='application/json']");
  if (inside) return JSON.parse(inside.textContent);
  const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the chart answered ${answer.status}`);
  return answer.json();
}

function options(UPlot, box, data) {
  const axis = { stroke: css("ink3"), grid: { stroke: css("line"), width: 1 }, ticks: { stroke: css("line"), width: 1 }, font: "11px Inter, sans-serif" };
  const unit = data.unit ?? "";
  const upright = { ...axis, size: 46, values: (_, ticks) => ticks.map((tick) => `${tick}${unit}`) };
  const right = data.series.some((line) => line.right) ? [{ ...upright, scale: "right", side: 1, size: 58, grid: { show: false } }] : [];
  return {
    width: box.clientWidth, height: 220, cursor: { y: false }, legend: { live: true },
    tzDate: (moment) => UPlot.tzDate(new Date(moment * 1000), data.zone ?? "UTC"),
    axes: [axis, upright, ...right],
    series: [{}, ...data.series.map((line, at) => ({
      label: line.label, scale: line.right ? "right" : "y", stroke: css(line.tone ?? PALETTE[at % PALETTE.length]), width: 1.8,
      dash: at ? [5, 3 + at] : undefined, // colour is never the only difference
      points: { show: data.x.length < 3 }, // a line needs two
      value: (_, value) => (value == null ? "—" : `${value}${unit}`),
    }))],
  };
}

function table(box, data) {
  const place = document.querySelector(`[data-chart-table="${box.id}"]`);
  const head = element("tr", {}, element("th", { scope: "col" }, "·"), ...data.series.map((line) => element("th", { scope: "col", class: "num" }, line.label)));
  const day = new Intl.DateTimeFormat(document.documentElement.lang,
    { dateStyle: "medium", timeStyle: data.hours ? "short" : undefined, timeZone: data.zone ?? "UTC" });
  const rows = data.x.map((moment, at) => element("tr", {},
    element("th", { scope: "row" }, day.format(moment * 1000)),
    ...data.series.map((line) => element("td", { class: "num" }, `${line.values[at] ?? "—"}${data.unit ?? ""}`))));
  place?.replaceChildren(element("table", { class: "table" }, element("thead", {}, head), element("tbody", {}, ...rows)));
}

async function draw(box) {
  drawn.set(box, null);
  const data = await read(box);
  table(box, data);
  const UPlot = await load();
  const paint = () => {
    drawn.get(box)?.destroy();
    drawn.set(box, new UPlot(options(UPlot, box, data), [data.x, ...data.series.map((line) => line.values)], box));
  };
  paint();
  box.addEventListener("repaint", paint);
  new ResizeObserver(() => drawn.get(box)?.setSize({ width: box.clientWidth, height: 220 })).observe(box);
}

export function drawAll(root) {
  for (const box of root.querySelectorAll("[data-chart]")) {
    if (!drawn.has(box)) draw(box).catch(() => box.nextElementSibling?.setAttribute("open", ""));
  }
  for (const [box, chart] of drawn) if (!box.isConnected) { chart?.destroy(); drawn.delete(box); }
}

document.addEventListener("theme-changed", () => { for (const box of drawn.keys()) box.dispatchEvent(new Event("repaint")); });
