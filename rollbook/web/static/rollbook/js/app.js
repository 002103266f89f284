// Conveniences. Every page works without them: theme, dialogs, quick grade choices, one submission per form.
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
    for (const box of boxes) {
      const meaning = box.closest(".grade").querySelector("select");
      box.checked = wanted.has(meaning ? meaning.value : box.dataset.level);
    }
    announce(button.dataset.announce);
    // Names too whose level nobody knows, such as EY1.
    if (wanted.has("all")) for (const box of boxes) box.checked = true;
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

  // The browser itself takes a dropped file. This shows its name, and marks the field while a file is over it.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-file-drop]")) return;
    const name = event.target.files.length ? event.target.files[0].name : "";
    event.target.closest(".file-drop").querySelector("[data-file-name]").textContent = name;
    if (name) announce(name);
  });
  for (const [type, over] of [["dragenter", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(type, (event) => {
      if (event.target.matches?.("[data-file-drop]")) event.target.closest(".file-drop").classList.toggle("file-over", over);
    });
  }

  // A second click while the first is being sent does nothing. The server would start no second run either.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (event.submitter?.hasAttribute("hx-post")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000); // a missing answer must not lock the form
  });
  // Whoever signs in again in another tab gets a new token. This tab then sends it too.
  window.addEventListener("focus", () => {
    // Over https the name has the prefix, and a cookie without it may be planted by another host.
    const prefix = location.protocol === "https:" ? "__Host-" : "";
    const token = document.cookie.match(new RegExp(`(?:^|; )${prefix}csrftoken=([^;]+)`))?.[1];
    if (!token) return;
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = token;
  });

  // After the browser's Back button, forms must work again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  markTheme();
})();
