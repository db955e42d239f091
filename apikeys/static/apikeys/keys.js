// The admin's pages of API keys: a button that copies a new key, and forms that are sent once.
"use strict";

// navigator.clipboard is missing where the page did not come over HTTPS or from this machine.
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
}

document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const copied = await copy(document.getElementById(button.dataset.copy));
      button.nextElementSibling.textContent = copied ? "Copied" : "Selected: press Ctrl+C";
    });
  }
  // A browser shows the answer to the second click alone, and the key is in the answer to the first.
  for (const form of document.querySelectorAll("form[data-send-once], #apikey_form")) {
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
    addEventListener("pageshow", () => { sent = false; });
  }
});
