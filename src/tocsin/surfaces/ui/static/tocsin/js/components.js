// Alpine components (the CSP build: expressions are property names and simple calls, never code).
//   <div x-data="counter"><textarea x-on:input="count" data-max="500"></textarea><span x-text="left"></span> left</div>
//   <div x-data="fold"><button x-on:click="toggle" x-bind:aria-expanded="open">…</button><div x-show="open">…</div></div>
//   <div x-data="tabs"> role=tablist with role=tab buttons (aria-controls) and role=tabpanel panels
document.addEventListener("alpine:init", () => {
  const { Alpine } = window;

  Alpine.data("counter", () => ({
    left: "",
    init() {
      const box = this.$root.querySelector("[data-max]");
      if (box) this.measure(box);
    },
    count(event) { this.measure(event.target); },
    measure(box) { this.left = String(Number(box.dataset.max) - box.value.length); },
  }));

  Alpine.data("fold", () => ({
    open: false,
    init() { this.open = this.$root.hasAttribute("data-open"); },
    toggle() { this.open = !this.open; },
  }));

  Alpine.data("tabs", () => ({
    init() {
      this.choose(this.tabs().find((tab) => tab.getAttribute("aria-selected") === "true") ?? this.tabs()[0], false);
      this.$root.addEventListener("click", (event) => {
        const tab = event.target.closest("[role=tab]");
        if (tab) this.choose(tab, true);
      });
      this.$root.addEventListener("keydown", (event) => this.move(event));
    },
    tabs() { return [...this.$root.querySelectorAll("[role=tab]")]; },
    choose(chosen, focus) {
      for (const tab of this.tabs()) {
        tab.setAttribute("aria-selected", String(tab === chosen));
        tab.tabIndex = tab === chosen ? 0 : -1;
        document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
      }
      if (focus) chosen.focus();
    },
    move(event) {
      const all = this.tabs(), at = all.indexOf(event.target);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      this.choose(all[(to + all.length) % all.length], true);
    },
  }));
});
