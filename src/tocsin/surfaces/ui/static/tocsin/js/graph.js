// The link graph: people, devices, cards, orders, addresses and what joins them. Cytoscape draws it; the list under it
// says the same in words, for screen readers and for reading it out on the telephone.
import { columns } from "./columns.js";
import { element, say } from "./page.js";

const SHAPES = { customer: "ellipse", shopper: "ellipse", store: "hexagon", report: "diamond", case: "diamond" };
const NARROW = 76; // pixels: less than "Customer 4f2c19" needs
const drawn = new Map();

/** A CSS colour variable as something a canvas understands, in the theme of now. */
function colour(name) {
  const probe = element("i");
  probe.style.color = `var(--${name})`; // set through the object model, which a strict CSP allows
  document.body.append(probe);
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  canvas.fillStyle = getComputedStyle(probe).color;
  canvas.fillRect(0, 0, 1, 1);
  probe.remove();
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

function look() {
  const names = ["panel", "raised", "edge", "ink", "ink2", "acc", "acc-solid", "blu", "blu-bg", "red", "red-bg"];
  const c = Object.fromEntries(names.map((name) => [name, colour(name)]));
  return [
    { selector: "node", style: {
      label: "data(label)", "font-family": "Inter, sans-serif", "font-size": 9.5, "font-weight": 600, color: c.ink2,
      "text-valign": "bottom", "text-margin-y": 4, "text-outline-color": c.panel, "text-outline-width": 2, "text-wrap": "ellipsis",
      shape: (node) => SHAPES[node.data("kind")] ?? "round-rectangle",
      width: 19, height: 19, "background-color": c["blu-bg"], "border-width": 1.3, "border-color": c.blu } },
    { selector: "node[kind = 'customer'], node[kind = 'shopper']", style: { "background-color": c.raised, "border-color": c.edge } },
    { selector: "node[tone = 'red']", style: { "background-color": c["red-bg"], "border-color": c.red } },
    { selector: "node[?focus]", style: { width: 27, height: 27, "background-color": c["acc-solid"], "border-width": 0, color: c.ink } },
    { selector: "edge", style: { width: 1, "line-color": c.edge, opacity: .75, "curve-style": "straight" } },
    { selector: ":selected", style: { "border-width": 2.5, "border-color": c.acc } },
    { selector: "edge:selected", style: { width: 2, "line-color": c.acc, opacity: 1, label: "data(label)", "font-size": 9, color: c.ink2, "text-background-color": c.panel, "text-background-opacity": 1 } },
  ];
}

async function read(box) {
  const inside = box.querySelector("script[type='application/json']");
  if (inside) return JSON.parse(inside.textContent);
  const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the graph answered ${answer.status}`);
  return answer.json();
}

function elements({ nodes, edges }, places) {
  return [
    ...nodes.map((node) => ({ data: { short: node.label, ...node }, position: places.get(node.id) })),
    ...edges.map((edge, at) => ({ data: { id: `e${at}`, source: edge.from, target: edge.to, label: edge.label ?? "" } })),
  ];
}

function list(box, { nodes, edges }) {
  const names = new Map(nodes.map((node) => [node.id, node]));
  const target = document.querySelector(`[data-graph-list="${box.id}"]`);
  const name = ({ label, title, href }) => (href ? element("a", { href, class: "link", title }, title ?? label) : element("b", { title }, title ?? label));
  target?.replaceChildren(...edges.map((edge) => element("li", {},
    name(names.get(edge.from)), ` ${edge.label || say("links_to")} `, name(names.get(edge.to)))));
}

/** How wide a label may be before it reaches into the next column. */
function room(places) {
  const columns = [...new Set([...places.values()].map(({ x }) => x))].sort((a, b) => a - b);
  return Math.max(24, Math.min(160, ...columns.slice(1).map((x, at) => x - columns[at])) - 8);
}

async function draw(box) {
  drawn.set(box, null);
  const data = await read(box);
  list(box, data);
  box.classList.toggle("roomy", data.nodes.length > 12);
  const { default: cytoscape } = await import("../vendor/cytoscape.esm.min.js");
  markStylesheet();
  const cy = cytoscape({
    container: box.querySelector(".canvas"), style: look(), layout: { name: "preset" },
    elements: elements(data, columns(data, box.clientWidth, box.clientHeight)),
    minZoom: .3, maxZoom: 2.5, boxSelectionEnabled: false,
  });
  const fit = () => {
    const places = columns(data, box.clientWidth, box.clientHeight);
    cy.nodes().positions((node) => places.get(node.id()));
    const wide = room(places);
    cy.nodes().style("text-max-width", `${wide}px`);
    cy.nodes().forEach((node) => node.style("label", node.data(wide < NARROW ? "short" : "label")));
    cy.fit(undefined, 22);
    if (cy.zoom() > 1) { cy.zoom(1); cy.center(); }
  };
  cy.userZoomingEnabled(false); // the page scrolls; a click into the graph allows zooming
  cy.on("tap", () => cy.userZoomingEnabled(true));
  cy.on("mouseover", "node", ({ target }) => { box.title = target.data("title") ?? target.data("label"); });
  cy.on("mouseout", "node", () => box.removeAttribute("title"));
  cy.on("dbltap", "node", ({ target }) => { if (target.data("href")) location.assign(target.data("href")); });
  new ResizeObserver(() => { cy.resize(); fit(); }).observe(box);
  drawn.set(box, cy);
}

/** Cytoscape would write a <style>, which the CSP refuses, unless an element of this id exists; data.css has its rule. */
function markStylesheet() {
  const id = "__________cytoscape_stylesheet";
  if (!document.getElementById(id)) document.head.append(element("meta", { id, name: "graph-style", content: "data.css" }));
}

export function drawAll(root) {
  for (const box of root.querySelectorAll("[data-graph]")) {
    if (!drawn.has(box)) draw(box).catch(() => box.nextElementSibling?.setAttribute("open", ""));
  }
  for (const [box, cy] of drawn) if (!box.isConnected) { cy?.destroy(); drawn.delete(box); }
}

document.addEventListener("theme-changed", () => { for (const cy of drawn.values()) cy?.style(look()); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-graph-expand]");
  if (button) document.getElementById(button.dataset.graphExpand).classList.toggle("tall");
});
