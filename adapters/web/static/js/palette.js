// The palette: Ctrl-K lists everything that can be recorded; what is typed narrows the list, Enter opens the first.
// What is called so comes before what only tells of it, and "plan play Walk line 3" fills in what follows the name. It
// takes what is typed before the list has come.
const entry = document.querySelector("[data-palette]");
let dialog;

// A command as people call it, and as programs do.
function namesOf(item) {
  const link = item.querySelector("a");
  return [link.textContent.trim().toLowerCase(), link.pathname.split("/").pop().replaceAll("-", " ")];
}

function made() {
  const box = document.createElement("dialog");
  const input = document.createElement("input");
  const list = document.createElement("ul");
  let items = [];
  let entered = false;
  box.className = "palette";
  box.setAttribute("aria-label", entry.textContent);
  input.type = "search";
  input.setAttribute("aria-label", entry.textContent);
  box.append(input, list);
  document.body.append(box);

  function narrow() {
    const said = input.value.trim().split(/\s+/).filter(Boolean);
    const words = said.map((word) => word.toLowerCase());
    const typed = words.join(" ");
    const rest = (item) => {
      const named = namesOf(item).filter((name) => item.dataset.fills && typed.startsWith(`${name} `));
      return named.length ? said.slice(Math.max(...named.map((name) => name.split(" ").length))).join(" ") : "";
    };
    const rank = (item) => {
      const [name] = namesOf(item);
      if (rest(item)) return rest(item).split(" ").length / 1000;
      return name === typed ? 0 : name.startsWith(typed) ? 1 : words.every((word) => name.includes(word)) ? 2 : 3;
    };
    for (const item of items) {
      item.hidden = !rest(item) && !words.every((word) => item.dataset.words.includes(word));
      const link = item.querySelector("a");
      link.search = rest(item) ? new URLSearchParams([[item.dataset.fills, rest(item)]]) : "";
    }
    list.append(...[...items].sort((one, other) => rank(one) - rank(other)));
  }

  function open() {
    list.querySelector("li:not([hidden]) a")?.click();
  }

  async function fill() {
    const page = new DOMParser().parseFromString(await (await fetch(entry.href)).text(), "text/html");
    items = [...page.querySelectorAll(".commands li")];
    narrow();
    if (entered) open();
  }

  input.addEventListener("input", narrow);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") items.length ? open() : (entered = true);
    if (event.key === "ArrowDown") list.querySelector("li:not([hidden]) a")?.focus();
  });
  fill();
  return box;
}

if (entry) {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    dialog ??= made();
    dialog.showModal();
    dialog.querySelector("input").select();
  });
}
