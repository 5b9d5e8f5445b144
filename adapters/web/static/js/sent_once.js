// A form that was sent is not sent again by a second click, while its answer is awaited, and shows that it is.
const AGAIN = 3000;
const sent = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  const button = event.submitter;
  button?.setAttribute("aria-busy", "true");
  const ended = () => {
    sent.delete(form);
    button?.removeAttribute("aria-busy");
  };
  setTimeout(ended, AGAIN);
  window.addEventListener("pageshow", (shown) => shown.persisted && ended()); // when it is come back to
});
