// Live: one connection for all tabs of a browser tells which plan has another version; a tab that shows that plan says
// who changed what, and shows the page anew unless somebody is typing in it.  Each tab asks again by the rights of the
// moment, also when the connection was away or the tab was: who may no longer see a page is told so.
const place = document.querySelector("[data-live]");
const channel = place && new BroadcastChannel("plantrail");
const TRY_AGAIN = 15000;
let version = Number(place?.dataset.version);
let typed = false;
let lost = false;
let closed;

const asked = (address, as) => fetch(address, { headers: { Accept: as } }).catch(() => null);

function say(lines, link) {
  place.querySelector("p").textContent = lines.join(" · ");
  for (const each of place.querySelectorAll("a")) each.hidden = each.dataset.when !== link;
  place.hidden = false;
}

async function show() {
  const answer = await asked(location.href, "text/html");
  if (!answer) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = new Set([...document.querySelectorAll("main details[open] > summary")].map((each) => each.textContent));
  document.querySelector(".timebar")?.replaceChildren(...(page.querySelector(".timebar")?.childNodes ?? []));
  document.querySelector("main").replaceChildren(...page.querySelector("main").childNodes);
  for (const summary of document.querySelectorAll("main details > summary")) {
    if (open.has(summary.textContent)) summary.parentElement.open = true;
  }
}

async function look() {
  const answer = await asked(`${place.dataset.since}?after=${version}`, "application/json");
  if (!answer || answer.status === 429 || answer.status >= 500) return;
  const busy = typed || document.querySelector("main form[method=post] :focus, dialog[open]");
  const why = answer.status === 401 ? "signedOut" : answer.ok ? "" : "gone";
  if (why) {
    if (why === "gone" && !busy) await show();
    say([place.dataset[why]], why);
    lost = true;
    return;
  }
  if (lost) {
    lost = false;
    place.hidden = true;
    closed.abort();
    begin();
    if (!busy) await show();
  }
  const told = await answer.json();
  if (told.version <= version) return;
  version = told.version;
  if (!busy) await show();
  say(told.lines, busy ? "changed" : "");
}

const hear = (news) => { if (!news.plan || (news.plan === place.dataset.live && news.version > version)) look(); };

function tell(news) {
  channel.postMessage(news);
  hear(news);
}

function listen() {
  const source = new EventSource("/live");
  let timer;
  let again = false;
  source.addEventListener("version", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("open", () => { if (again) tell({}); again = true; });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;
    tell({});
    timer = setTimeout(() => { if (!lost) listen(); }, TRY_AGAIN);
  });
  closed.signal.addEventListener("abort", () => { clearTimeout(timer); source.close(); });
}

function begin() {
  closed = new AbortController();
  const { signal } = closed;
  const waiting = () => new Promise((done) => { listen(); signal.addEventListener("abort", done); });
  navigator.locks.request("plantrail-live", { signal }, waiting).catch(() => {});
}

if (place) {
  document.addEventListener("input", (event) => { typed ||= Boolean(event.target.closest("main form[method=post]")); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  channel.addEventListener("message", (event) => hear(event.data));
  addEventListener("pagehide", () => closed.abort());
  addEventListener("pageshow", (event) => { if (event.persisted) { begin(); look(); } });
  begin();
}
