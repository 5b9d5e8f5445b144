// The review page: what is typed is kept as a draft on the server, and shown ahead in the report; the agenda has a clock.
const form = document.querySelector("form.review");
let waiting;

const sent = (address) =>
  fetch(address, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);

async function keep() {
  const answer = await sent(form.dataset.draft);
  const told = form.querySelector("[data-kept]");
  told.textContent = answer?.ok ? told.dataset.kept : told.dataset.notKept;
  told.classList.toggle("error", !answer?.ok);
}

async function lookAhead() {
  const answer = await sent(`${form.action}/ahead`);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  form.querySelector(".ahead").replaceChildren(...page.querySelector(".ahead").childNodes);
  for (const row of page.querySelectorAll(".new tbody tr")) {
    const here = document.getElementById(row.id);
    here?.querySelectorAll(".warning").forEach((each) => each.remove());
    here?.querySelector("td").append(...row.querySelectorAll(".warning"));
  }
}

function startClock(agenda) {
  const lines = [...agenda.querySelectorAll("li")];
  const began = Number((sessionStorage[location.pathname] ??= Date.now()));
  const tick = () => {
    let minutes = (Date.now() - began) / 60000;
    for (const line of lines) {
      const left = Number(line.dataset.minutes) - minutes;
      const now = minutes >= 0 && left > 0;
      line.querySelector("output").textContent = now ? agenda.dataset.left.replace("#", Math.ceil(left)) : "";
      if (now) line.setAttribute("aria-current", "step");
      else line.removeAttribute("aria-current");
      minutes = -left;
    }
  };
  tick();
  setInterval(tick, 10000);
}

if (form) {
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { keep(); lookAhead(); }, 800);
  });
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    sessionStorage.removeItem(location.pathname);
  });
  const agenda = form.querySelector(".agenda");
  if (agenda) startClock(agenda);
}
