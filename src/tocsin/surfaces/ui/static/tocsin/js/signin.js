// What went wrong with a passkey, in plain words instead of an error in the browser's console.
import { say } from "./page.js";
import { toast } from "./toasts.js";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const refused = event.detail.exception?.name === "NotAllowedError"; // closed, timed out, or no passkey for this site
  toast({ text: say(refused ? "passkey_refused" : "passkey_failed"), tone: "bad" });
});
