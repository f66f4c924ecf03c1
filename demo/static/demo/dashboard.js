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

// The first field in error gets the focus: of pictures, the first that can be chosen.
const showError = () => {
  const error = document.querySelector("#enable [role=alert]");
  if (!error) return;
  const field = error.closest("fieldset, .field");
  field?.querySelector("[aria-invalid=true], input:checked, input:enabled")?.focus({ preventScroll: true });
  (field ?? error).scrollIntoView({ block: field?.offsetHeight > innerHeight / 2 ? "start" : "center" });
};
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  offer();
  if (detail.requestConfig?.verb === "post") showError();
});
offer();
showError();
