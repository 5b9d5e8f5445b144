// A form that was sent is not sent again by a second click, while its answer is awaited, and shows that it is.
const AGAIN = 3000;
const sent = new WeakSet();

const ended = (form, button) => {
  sent.delete(form);
  button?.removeAttribute("aria-busy");
};

document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  button?.setAttribute("aria-busy", "true");
  setTimeout(ended, AGAIN, form, button);
});

// A page that is come back to awaits nothing.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) document.querySelectorAll("button[aria-busy]").forEach((button) => ended(button.form, button));
});
