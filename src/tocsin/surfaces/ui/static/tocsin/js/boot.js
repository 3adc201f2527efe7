// Where the behaviour of every page starts. Small modules, no build step, nothing inline: the content security
// policy is `script-src 'self'; style-src 'self'`.
import "./components.js";
import { wireChrome } from "./chrome.js";
import { startClocks } from "./clocks.js";
import { wireEvidence } from "./evidence.js";
import { startLive } from "./live.js";
import { keepPlace } from "./queue.js";
import { wireRequests } from "./requests.js";
import { startNetworkWatch, wireToasts } from "./toasts.js";

/** Draws what needs a library, loading the library only when a page has something to draw. */
function enhance(root) {
  if (root.querySelector("[data-graph]")) import("./graph.js").then((graph) => graph.drawAll(root));
  if (root.querySelector("[data-chart]")) import("./chart.js").then((chart) => chart.drawAll(root));
  if (root.querySelector("[data-names]")) import("./completion.js").then((completion) => completion.wireAll(root));
  root.querySelector("[data-focus]")?.focus();
}

wireChrome();
wireToasts();
startNetworkWatch();
startClocks();
wireEvidence();
wireRequests(enhance);
keepPlace();
startLive();
enhance(document);
if (document.querySelector("#palette")) import("./palette.js").then((palette) => palette.wirePalette());
if (document.querySelector("#keys-dialog")) import("./keys.js").then((keys) => keys.wireKeys());
