// Runs before the first paint, so that a chosen theme never flashes. "system" is the absence of a choice.
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  const chosen = localStorage.getItem("rollbook-theme");
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
})();
