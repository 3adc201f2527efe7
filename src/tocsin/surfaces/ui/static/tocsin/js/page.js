// What the server left for the scripts on the page: sentences in the reader's language, and the icon sprite.
const strings = JSON.parse(document.getElementById("ui-strings")?.textContent ?? "{}");

/** A sentence in the reader's language; `%(name)s` is replaced by `values.name`. */
export function say(key, values = {}) {
  return (strings[key] ?? key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

/** An element: `element("p", {class: "dim"}, "words", child)`. Text is never parsed as HTML. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** An icon of the sprite, hidden from screen readers. */
export function icon(name, extra = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `i ${extra}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** A preference kept in this browser; silently absent where storage is switched off. */
export const preference = {
  read(name) { try { return localStorage.getItem(`tocsin-${name}`); } catch { return null; } },
  write(name, value) { try { localStorage.setItem(`tocsin-${name}`, value); } catch { /* this visit only */ } },
};
