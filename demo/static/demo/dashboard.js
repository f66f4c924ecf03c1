// The form that switches demo mode on: niches without words in the chosen language cannot be chosen, errors are in view.
const offer = () => {
  const language = document.querySelector("#enable [name=language]")?.value;
  if (!language) return;
  const niches = [...document.querySelectorAll("#enable [data-languages]")];
  for (const niche of niches) niche.querySelector("input").disabled = !niche.dataset.languages.split(" ").includes(language);
  const open = niches.map((niche) => niche.querySelector("input")).filter((input) => !input.disabled);
  if (open.length && !open.some((input) => input.checked)) open[0].checked = true;
};
document.addEventListener("change", ({ target }) => target.name === "language" && offer());
document.addEventListener("htmx:afterSettle", () => {
  offer();
  document.querySelector("#enable [role=alert]")?.scrollIntoView({ block: "center" });
});
offer();
