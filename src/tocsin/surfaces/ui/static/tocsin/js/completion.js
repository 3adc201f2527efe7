// Names while somebody types in a box of code: `data-names` answers GET with {"names": [{name, kind, hint}]}.
//
// It offers and never takes: Enter and Tab stay what they are until somebody has gone to a name with the arrow
// keys. Ctrl+Space asks for names, Escape puts them away. Without scripts the box is a box.
import { element } from "./page.js";

const SHOWN = 8, LINE = 20; // the height of a line, as in console.css
const WORD = /[A-Za-z_][\w.]*$/;

class Completion {
  #box; #list; #status; #names = null; #offered = []; #active = -1; #word = "";

  constructor(box) {
    this.#box = box;
    this.#list = element("ul", { class: "code-names", role: "listbox", id: `${box.id}-names`, hidden: true, "aria-label": box.dataset.namesLabel });
    this.#status = element("div", { class: "vh", role: "status" });
    box.after(this.#list, this.#status);
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", this.#list.id);
    box.addEventListener("input", () => this.#offer(2));
    box.addEventListener("keydown", (event) => this.#press(event));
    box.addEventListener("blur", () => this.#close());
    box.addEventListener("scroll", () => this.#close());
    this.#list.addEventListener("mousedown", (event) => { // before the box loses the focus
      event.preventDefault();
      const at = [...this.#list.children].indexOf(event.target.closest("li"));
      if (at >= 0) this.#take(at);
    });
  }

  async #known() {
    this.#names ??= fetch(this.#box.dataset.names, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : { names: [] }), () => ({ names: [] }));
    return (await this.#names).names;
  }

  /** Names that go on with the word before the cursor, once it is so long. */
  async #offer(least) {
    const { value, selectionStart, selectionEnd } = this.#box;
    const word = WORD.exec(value.slice(0, selectionStart))?.[0] ?? "";
    if (selectionStart !== selectionEnd || word.length < least || /\w/.test(value[selectionStart] ?? "")) return this.#close();
    const known = await this.#known();
    if (this.#box.value !== value || document.activeElement !== this.#box) return;
    this.#word = word;
    this.#offered = known.filter(({ name }) => name.startsWith(word) && name !== word).slice(0, SHOWN);
    this.#draw();
  }

  #draw() {
    if (!this.#offered.length) return this.#close();
    this.#list.replaceChildren(...this.#offered.map(({ name, kind, hint }, at) => element("li", { role: "option", id: `${this.#list.id}-${at}`, "aria-selected": "false" },
      element("b", { class: "mono" }, name), element("small", {}, hint ? `${kind} · ${hint}` : kind))));
    this.#list.hidden = false;
    this.#place();
    this.#choose(-1);
    this.#status.textContent = `${this.#offered.length} ${this.#box.dataset.namesLabel}`;
  }

  /** Under the line with the cursor. */
  #place() {
    const line = this.#box.value.slice(0, this.#box.selectionStart).split("\n").length;
    this.#list.style.top = `${Math.min(line * LINE + 10 - this.#box.scrollTop, this.#box.offsetHeight)}px`;
  }

  #choose(at) {
    this.#active = at;
    [...this.#list.children].forEach((one, number) => one.setAttribute("aria-selected", String(number === at)));
    if (at < 0) this.#box.removeAttribute("aria-activedescendant");
    else this.#box.setAttribute("aria-activedescendant", `${this.#list.id}-${at}`);
  }

  #press(event) {
    if (event.key === " " && event.ctrlKey) { event.preventDefault(); this.#offer(0); return; }
    if (this.#list.hidden) return;
    const count = this.#offered.length;
    const acts = {
      ArrowDown: () => this.#choose((this.#active + 1) % count),
      ArrowUp: () => this.#choose((this.#active <= 0 ? count : this.#active) - 1),
      Escape: () => this.#close(),
      ...(this.#active < 0 ? {} : { Enter: () => this.#take(this.#active), Tab: () => this.#take(this.#active) }),
    };
    if (!(event.key in acts)) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  #take(at) {
    const end = this.#box.selectionStart;
    this.#box.setRangeText(this.#offered[at].name, end - this.#word.length, end, "end");
    this.#box.dispatchEvent(new Event("input", { bubbles: true }));
    this.#close();
  }

  #close() {
    this.#offered = [];
    this.#list.hidden = true;
    this.#status.textContent = "";
    this.#choose(-1);
  }
}

const wired = new WeakSet();

export function wireAll(root) {
  for (const box of root.querySelectorAll("textarea[data-names]")) {
    if (!wired.has(box)) { wired.add(box); new Completion(box); }
  }
}
