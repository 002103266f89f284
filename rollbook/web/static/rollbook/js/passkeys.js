// Asks the browser for a passkey before a form of `data-passkey` is sent: "add", "use" or "sign-in".
// The options come with the page, or, before anybody is known, from the form's address.
"use strict";

function passkeyOptions(form) {
  if (form.dataset.passkey !== "sign-in") {
    return JSON.parse(document.getElementById("passkey-options").textContent);
  }
  const headers = { Accept: "application/json" };
  return fetch(form.action, { headers }).then((answer) => answer.json());
}

// A passkey signs in alone: the device stores it and checks a finger, a face or a PIN.
function asPasskey(options) {
  const selection = options.publicKey.authenticatorSelection ?? {};
  const asked = { residentKey: "required", requireResidentKey: true, userVerification: "required" };
  options.publicKey.authenticatorSelection = { ...selection, ...asked };
  return options;
}

async function askForPasskey(event) {
  const form = event.target;
  event.preventDefault();
  const error = form.querySelector("[data-passkey-error]");
  error.hidden = true;
  try {
    const options = await passkeyOptions(form);
    const credential =
      form.dataset.passkey === "add"
        ? await webauthnJSON.create(asPasskey(options.creation_options))
        : await webauthnJSON.get(options.request_options);
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch {
    error.hidden = false;
  }
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (webauthnJSON.supported()) {
    form.hidden = false;
    form.addEventListener("submit", askForPasskey);
  }
}
