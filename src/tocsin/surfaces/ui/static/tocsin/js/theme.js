// Runs before the first paint: the theme somebody chose, or the system's, without a flash.
(() => {
  const root = document.documentElement;
  root.classList.remove("no-js");
  let chosen = null;
  try { chosen = localStorage.getItem("tocsin-theme"); } catch { /* storage is off: follow the system */ }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
})();
