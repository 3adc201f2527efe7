// Sensitive media stays covered until somebody asks. Nothing is fetched before: the request for the file is the view
// that custody and the exposure counter record. Images come up blurred and grey; people sharpen them when they must.
import { element, icon, say } from "./page.js";

const makers = {
  image: (src, name) => element("img", { class: "media soft", src, alt: name }),
  video: (src, name) => Object.assign(element("video", { class: "media soft", src, controls: true, preload: "metadata", "aria-label": name }), { muted: true }),
  audio: (src, name) => element("audio", { src, controls: true, preload: "metadata", "aria-label": name }),
};

function tool(label, name, act) {
  const button = element("button", { type: "button", class: "btn sm", title: label }, icon(name), element("span", { class: "vh" }, label));
  button.addEventListener("click", () => act(button));
  return button;
}

function show(cover) {
  const { src, kind, name } = cover.dataset;
  const make = makers[kind];
  if (!make) { window.open(src, "_blank", "noopener"); return; }
  const before = [...cover.childNodes];
  const media = make(src, name);
  const tools = element("div", { class: "tools" });
  if (kind !== "audio") {
    tools.append(
      tool(say("sharp"), "eye", () => { media.classList.remove("soft"); media.classList.add("grey"); }),
      tool(say("show_colour"), "sun", () => media.classList.remove("soft", "grey")));
    if (kind === "image") tools.append(tool(say("open_large"), "external-link", () => window.open(src.split("?")[0], "_blank", "noopener")));
  }
  tools.append(tool(say("cover"), "eye-off", () => {
    cover.classList.remove("shown");
    cover.replaceChildren(...before);
    cover.querySelector("[data-show]").focus();
  }));
  cover.classList.add("shown");
  cover.replaceChildren(media, tools);
  tools.querySelector("button").focus();
}

export function wireEvidence() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-evidence] [data-show]");
    if (button) show(button.closest(".cover"));
  });
}
