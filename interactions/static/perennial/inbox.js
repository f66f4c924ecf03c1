// Starts the inbox: opens threads in the pane, reloads an emptied list, and maps the keys.

import { hotkeyKeyUX } from "./vendor/keyux-hotkey-0.11.6.js";
import { listAddress, pushAddressOfThread, startAddress } from "./inbox-address.js";
import { restoreDraft, startComposer } from "./inbox-composer.js";
import { isOpening, markOpen, move, startList } from "./inbox-list.js";
import { poll, startPolling } from "./inbox-polling.js";
import { startRequests } from "./inbox-requests.js";
import { fillsPane, startSwaps } from "./inbox-swaps.js";

const inbox = document.getElementById("main");
const list = document.getElementById("list");
const pane = document.getElementById("thread");
const scroller = () => document.getElementById("conversation-scroll");

const scrollToNewest = () => {
  if (scroller()) scroller().scrollTop = scroller().scrollHeight;
};
const isScrolledToNewest = () => {
  const one = scroller();
  return !one || one.scrollHeight - one.scrollTop - one.clientHeight < 48;
};

// A new pane: its newest row is in view, a draft comes back, and the focus is not lost.
const afterPaneOpened = () => {
  pushAddressOfThread();
  markOpen();
  scrollToNewest();
  restoreDraft();
};
const startPane = () => {
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (!fillsPane(detail)) return;
    const isFocusLost = document.activeElement === document.body;
    afterPaneOpened();
    const isListHidden = getComputedStyle(pane.previousElementSibling).display === "none";
    if (isFocusLost || isListHidden) pane.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
    if (detail.target === pane) afterPaneOpened();
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-person]");
    if (!button) return;
    const isShown = pane.querySelector(":scope > .thread").classList.toggle("with-person");
    button.setAttribute("aria-expanded", String(isShown));
  });
};

// A conversation that shows its newest row shows it after an update too.
const keepNewestInView = () => {
  let wasAtNewest = true;
  document.addEventListener("htmx:oobBeforeSwap", () => { wasAtNewest = isScrolledToNewest(); });
  document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
    if (detail.target.id === "conversation" && wasAtNewest) scrollToNewest();
    markOpen();
  });
};

// When the head of the thread names another person, so does the pane of the person.
const personFollowsHead = () => {
  document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
    const person = document.getElementById("person"), row = detail.target.dataset.author;
    if (detail.target.id !== "thread-top" || !person || person.dataset.author === row) return;
    person.dataset.author = row;
    htmx.ajax("GET", person.getAttribute("hx-get"), { source: person, target: person, swap: "innerHTML" }).catch(() => {});
  });
};

// Keys work unless a dialog or menu is open, or a select has the focus, which has keys of its own.
const shortcutsAllowed = () =>
  !document.querySelector("dialog[open], .menu:popover-open") && !document.activeElement.matches("select");
// While another thread is being opened, only keys that do not change the thread that is still shown.
const WHILE_OPENING = ["j", "k", "/", "?", "shift+?"];
const shortcut = (code) => {
  if (!shortcutsAllowed() || (isOpening() && !WHILE_OPENING.includes(code))) return undefined;
  return code.replace(/^\?$/, "shift+?"); // on some layouts "?" needs no Shift
};
const startKeys = () => {
  if (inbox.dataset.keys === "on") hotkeyKeyUX([[shortcut]])(window);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("input, textarea")) event.target.blur();
  });
};
const startMoveButtons = () => {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-move]");
    if (button) move(Number(button.dataset.move));
  });
};

let isReloading = false;
const reloadList = () => {
  if (isReloading) return;
  isReloading = true;
  htmx
    .ajax("GET", listAddress(), { source: list, target: list, swap: "innerHTML" })
    .catch(() => {})
    .finally(() => { isReloading = false; });
};

// Listeners of one event run in the order in which they are registered here, after those of live.js and interface.js.
startRequests();
startSwaps();
startAddress();
startPane();
keepNewestInView();
personFollowsHead();
startPolling();
startKeys();
startList(reloadList, poll);
startComposer();
startMoveButtons();
markOpen();
scrollToNewest();
restoreDraft();
