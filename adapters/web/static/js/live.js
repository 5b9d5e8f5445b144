// Live: one connection for all tabs of a browser tells which plan has another version; a tab that shows that plan says
// who changed what, and shows the page anew unless somebody is typing in it.
const place = document.querySelector("[data-live]");
const channel = place && new BroadcastChannel("plantrail");
let version = Number(place?.dataset.version);
let typed = false;

async function asked(address, as) {
  const answer = await fetch(address, { headers: { Accept: as } });
  return answer.ok && !answer.redirected ? answer : null;
}

function say(lines, link) {
  const box = document.getElementById("news");
  const words = box.querySelector("p");
  words.textContent = lines.join(" · ");
  box.querySelector("a").hidden = !link;
  box.hidden = false;
}

async function show() {
  const answer = await asked(location.href, "text/html");
  if (!answer) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = new Set([...document.querySelectorAll("main details[open] > summary")].map((each) => each.textContent));
  document.querySelector(".timebar")?.replaceChildren(...page.querySelector(".timebar").childNodes);
  document.querySelector("main").replaceChildren(...page.querySelector("main").childNodes);
  for (const summary of document.querySelectorAll("main details > summary")) {
    if (open.has(summary.textContent)) summary.parentElement.open = true;
  }
}

async function hear(news) {
  if (news.plan !== place.dataset.live || news.version <= version) return;
  const answer = await asked(`${place.dataset.since}?after=${version}`, "application/json");
  if (!answer) return;
  const told = await answer.json();
  if (told.version <= version) return;
  version = told.version;
  const busy = typed || document.querySelector("main form[method=post] :focus, dialog[open]");
  if (!busy) await show();
  say(told.lines, busy);
}

if (place) {
  document.addEventListener("input", (event) => { typed ||= Boolean(event.target.closest("main form[method=post]")); });
  channel.addEventListener("message", (event) => hear(event.data));
  const closed = new AbortController();
  addEventListener("pagehide", () => closed.abort());
  navigator.locks.request("plantrail-live", { signal: closed.signal }, () => new Promise((done) => {
    const source = new EventSource("/live");
    source.addEventListener("version", (event) => {
      const news = JSON.parse(event.data);
      channel.postMessage(news);
      hear(news);
    });
    addEventListener("pagehide", () => { source.close(); done(); });
  })).catch(() => {});
}
