// Keeps focus, opened elements and typed text while htmx updates a fragment, reports failed button clicks, and
// keeps no page in the browser's storage.

import { onRequestFailed } from "./request-failures.js";

// Delete pages stored by earlier versions and the address that htmx stores; we read neither.
try {
  sessionStorage.clear();
  localStorage.removeItem("htmx-history-cache");
} catch { /* the browser allows no storage */ }

// A page restored from the browser's memory is reloaded, so that after log-out it shows the log-in page.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// An update does not close what the user has opened, nor overwrite typed text.
const changed = {
  "aria-expanded": () => true,
  checked: (field) => field.checked !== field.defaultChecked,
  open: (field) => ["details", "dialog"].includes(field.localName),
  selected: (field) => field.selected !== field.defaultSelected,
  style: (field) => field.matches(".menu:popover-open"), // its place
  value: (field) => "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue,
};
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, field) => !changed[name]?.(field);
// Nor does it take away a whole text that the user has loaded, unless the text has changed.
Idiomorph.defaults.callbacks.beforeNodeMorphed = (shown, sent) => {
  const isLoadedText = shown.matches?.(".fold[open]");
  return !(isLoadedText && shown.dataset.version === sent.dataset.version);
};

// Idiomorph's own extension of htmx takes swaps of every style for replacements of the element (isInlineSwap), so that what is
// sent for the inside of an element would be nested in it.
const STYLES = { "morph": "outerHTML", "morph:outerHTML": "outerHTML", "morph:innerHTML": "innerHTML" };
htmx.defineExtension("morph", {
  isInlineSwap: (style) => STYLES[style] === "outerHTML",
  handleSwap: (style, target, fragment) => {
    const morphStyle = STYLES[style];
    if (!morphStyle) return undefined; // htmx swaps it
    return Idiomorph.morph(target, fragment.children, { morphStyle });
  },
});

// When a focused button is removed, the heading of its section or menu gets the focus, not the whole page.
let focused = [];
document.addEventListener("htmx:beforeSwap", () => {
  focused = [];
  for (let one = document.activeElement; one && one !== document.body; one = one.parentElement) focused.push(one);
});
document.addEventListener("htmx:afterSettle", () => {
  const left = focused.find((one) => one.isConnected);
  if (left && document.activeElement === document.body) {
    (left.closest("section, .menu") ?? left).querySelector("[tabindex='-1']")?.focus();
  }
});

// Ignore the second click of a double click, and clicks while the first request is not answered.
const ignore = (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
};
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("#demo button, dialog button")) ignore(event);
}, true);
const AGAIN_AFTER = 5000; // milliseconds: a form whose page does not leave can be sent again then
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.classList.contains("htmx-request") || form.dataset.sent) return ignore(event);
  if (form.hasAttribute("hx-post")) return;
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, AGAIN_AFTER);
}, true);

// Polls are repeated anyway; what the user asked for must be reported when it fails.
const notice = document.getElementById("failed");
const texts = document.body.dataset;
/** Show why a request failed; an empty sentence hides the notice. */
const showFailure = (sentence) => {
  notice.textContent = sentence;
  notice.hidden = !sentence;
};
const startedByUser = ({ detail: { requestConfig } }) => {
  if (requestConfig?.elt?.matches?.("[data-automatic]")) return false;
  return requestConfig?.verb === "post" || Boolean(requestConfig?.triggeringEvent);
};
onRequestFailed((event) => {
  const { status } = event.detail.xhr; // 0 without a response
  if (startedByUser(event)) showFailure(status ? texts.failed.replace("%(status)s", status) : texts.unreachable);
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (startedByUser(event)) showFailure("");
});
