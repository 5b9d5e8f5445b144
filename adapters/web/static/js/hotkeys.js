// Keys: links and buttons say theirs in data-key, "g p" or "["; j and k walk through rows; "?" shows them all.
const OFF = "plantrail-keys-off";
let before = "";
let timer;

const typing = (target) => target.closest("input:not([type=range]), textarea, select, [contenteditable]");
const off = () => localStorage.getItem(OFF) === "yes";

function walk(step) {
  const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("a[href]"));
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
  next.querySelector("a[href]").focus();
}

function follow(keys) {
  const found = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === keys);
  if (!found) return false;
  if (found.matches("input, select")) found.focus();
  else found.click();
  return true;
}

// Who set the value in focus, or the first one of the row in focus; else who set all that the page shows.
function blame() {
  const at = document.activeElement;
  const row = at?.closest("main tr, main li, main dd");
  const value = at?.matches("a.value") ? at : row?.querySelector("a.value");
  if (!value) return false;
  value.click();
  return true;
}

async function help(link) {
  const page = new DOMParser().parseFromString(await (await fetch(link.href)).text(), "text/html");
  const keys = page.querySelector("#keyboard .keys");
  if (!keys) return location.assign(link.href);
  const box = document.createElement("dialog");
  box.className = "palette";
  box.setAttribute("aria-label", link.textContent);
  box.append(keys);
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

document.querySelector("[data-key='?']")?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  help(event.currentTarget);
});

document.addEventListener("keydown", (event) => {
  if (off() || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  clearTimeout(timer);
  const keys = before ? `${before} ${event.key}` : event.key;
  if ((keys === "b" && blame()) || follow(keys) || (event.key === "j" && (walk(1), true)) || (event.key === "k" && (walk(-1), true))) {
    event.preventDefault();
    before = "";
    return;
  }
  before = event.key === "g" ? "g" : "";
  timer = setTimeout(() => { before = ""; }, 1500);
});

document.addEventListener("change", (event) => {
  if (event.target.id === "keys-off") localStorage.setItem(OFF, event.target.checked ? "yes" : "no");
});
const offSwitch = document.getElementById("keys-off");
if (offSwitch) offSwitch.checked = off();
