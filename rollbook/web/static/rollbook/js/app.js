// Comforts on top of pages that work without them: theme choice, dialogs, quick grade choices, one submission per form.
(() => {
  const root = document.documentElement;
  const announce = (text) => {
    const region = document.getElementById("announce");
    if (region) region.textContent = text;
  };

  const markTheme = () => {
    const chosen = root.dataset.theme || "system";
    for (const button of document.querySelectorAll("[data-set-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setTheme === chosen));
    }
  };

  const setTheme = (chosen) => {
    if (chosen === "system") {
      localStorage.removeItem("rollbook-theme");
      delete root.dataset.theme;
    } else {
      localStorage.setItem("rollbook-theme", chosen);
      root.dataset.theme = chosen;
    }
    markTheme();
  };

  const chooseGrades = (button) => {
    const wanted = new Set(button.dataset.grades.split(" "));
    const boxes = button.closest("fieldset").querySelectorAll("input[type=checkbox]");
    for (const box of boxes) box.checked = wanted.has(box.value);
    announce(button.dataset.announce);
  };

  document.addEventListener("click", (event) => {
    const theme = event.target.closest("[data-set-theme]");
    if (theme) setTheme(theme.dataset.setTheme);

    const grades = event.target.closest("[data-grades]");
    if (grades) chooseGrades(grades);

    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      event.target.closest("dialog").close();
    }
  });

  // A second click while the first is on its way does nothing; the server would answer it with the same run anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (event.submitter?.hasAttribute("hx-post")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000); // an answer that never comes must not lock the form
  });
  // Coming back with the browser's Back button must leave forms usable.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  markTheme();
})();
