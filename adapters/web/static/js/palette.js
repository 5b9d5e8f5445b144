// The palette: Ctrl-K lists everything that can be recorded; what is typed narrows the list, Enter opens the first.
const entry = document.querySelector("[data-palette]");
let dialog;

async function made() {
  const answer = await fetch(entry.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const box = document.createElement("dialog");
  const input = document.createElement("input");
  const list = document.createElement("ul");
  box.className = "palette";
  box.setAttribute("aria-label", entry.textContent);
  input.type = "search";
  input.setAttribute("aria-label", entry.textContent);
  list.append(...page.querySelectorAll(".commands li"));
  box.append(input, list);
  document.body.append(box);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of list.children) item.hidden = !words.every((word) => item.dataset.words.includes(word));
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") list.querySelector("li:not([hidden]) a")?.click();
    if (event.key === "ArrowDown") list.querySelector("li:not([hidden]) a")?.focus();
  });
  return box;
}

if (entry) {
  document.addEventListener("keydown", async (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    dialog ??= await made();
    dialog.showModal();
    dialog.querySelector("input").select();
  });
}
