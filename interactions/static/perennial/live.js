// Keeps what a person is doing while htmx brings a part of the page up to date, says when a press of a button
// failed, and keeps nothing of a page in the browser.

// Earlier versions kept whole pages here, and htmx writes the address; nothing of ours reads either.
try {
  sessionStorage.clear();
  localStorage.removeItem("htmx-history-cache");
} catch { /* the browser keeps nothing at all */ }

// A browser that keeps pages in memory all the same asks anew, so that a page after log-out is the log-in.
addEventListener("pageshow", (event) => event.persisted && location.reload());

// What a person has opened or typed is theirs: what arrives does not change it back.
const changed = {
  checked: (field) => field.checked !== field.defaultChecked,
  open: (field) => field.localName === "details",
  selected: (field) => field.selected !== field.defaultSelected,
  value: (field) => "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue,
};
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, field) => !changed[name]?.(field);

// A focused button that is gone gives the focus to the heading of its section, not to the whole page.
let focused = [];
document.addEventListener("htmx:beforeSwap", () => {
  focused = [];
  for (let one = document.activeElement; one && one !== document.body; one = one.parentElement) focused.push(one);
});
document.addEventListener("htmx:afterSettle", () => {
  const left = focused.find((one) => one.isConnected);
  if (left && document.activeElement === document.body) {
    (left.closest("section") ?? left).querySelector("[tabindex='-1']")?.focus();
  }
});

// The second click of a double click, and a press of what is not answered yet, are the same press.
const ignore = (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
};
document.addEventListener("click", (event) => event.detail > 1 && event.target.closest("#demo button") && ignore(event), true);
document.addEventListener("submit", (event) => event.target.classList.contains("htmx-request") && ignore(event), true);

// Polls try again by themselves; a press of a button does not.
const failed = document.getElementById("failed");
const say = (sentence) => {
  failed.textContent = sentence;
  failed.hidden = !sentence;
};
const pressed = (event) => event.detail.requestConfig?.verb === "post";
const fail = (event) => {
  const { status } = event.detail.xhr;
  const why = status ? `the server answered ${status}` : "the server cannot be reached";
  if (pressed(event)) say(`That did not work: ${why}. Try again in a moment.`);
};
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, fail);
document.addEventListener("htmx:beforeRequest", (event) => pressed(event) && say(""));
