// The time machine: while the slider moves, its label says what the event was; when it rests, that point is opened.
const bar = document.querySelector(".timebar");
const slider = bar?.querySelector("input[type=range]");
if (slider) {
  const label = bar.querySelector("output");
  const steps = bar.dataset.steps;
  let known = null;
  const show = async () => {
    if (!known) {
      known = fetch(steps, { headers: { Accept: "application/json" } }).then((answer) => (answer.ok ? answer.json() : []));
    }
    const step = (await known)[Number(slider.value) - 1];
    if (step) label.textContent = step;
  };
  slider.addEventListener("input", show);
  slider.addEventListener("change", () => {
    const target = new URL(location.href);
    target.searchParams.set("as_of", `version:${slider.value}`);
    location.assign(target);
  });
}
