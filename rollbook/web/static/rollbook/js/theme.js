// Runs before the first paint, so that a chosen theme never flashes. Without a choice, the system's theme holds.
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  const chosen = localStorage.getItem("rollbook-theme");
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
})();
