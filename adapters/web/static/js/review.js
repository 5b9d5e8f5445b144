// The review page: what is typed is kept as a draft on the server, and shown ahead in the report; the agenda has a clock.
const form = document.querySelector("form.review");
let waiting;

async function keep() {
  await fetch(form.dataset.draft, { method: "POST", body: new URLSearchParams(new FormData(form)) });
}

async function lookAhead() {
  const answer = await fetch(`${form.action}/ahead`, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (!answer.ok) return;
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
  const began = Date.now();
  const tick = () => {
    let minutes = (Date.now() - began) / 60000;
    for (const line of lines) {
      const now = minutes >= 0 && minutes < Number(line.dataset.minutes);
      line.toggleAttribute("aria-current", now);
      minutes -= Number(line.dataset.minutes);
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
  const agenda = form.querySelector(".agenda");
  if (agenda) startClock(agenda);
}
