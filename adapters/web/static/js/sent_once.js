// A form that was sent is not sent again by a second click, while its answer is awaited.
const AGAIN = 3000;
const sent = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  setTimeout(() => sent.delete(form), AGAIN);
});
