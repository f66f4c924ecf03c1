// Keeps the address of the inbox that of the open thread, and opens the thread of the address that Back or Forward shows.

import { markOpen } from "./inbox-list.js";

const pane = document.getElementById("thread");
const page = () => location.pathname.split("/")[1] + location.search;
const pageAtStart = page();

/** The address of the list without an open thread. */
export const listAddress = () => location.pathname.replace(/\/\d+\/?$/, "/") + location.search;

let isRestoring = false; // Back or Forward has changed the address already
/** Show the address of the open thread. */
export const pushAddressOfThread = () => {
  const address = pane.querySelector(":scope > .thread")?.dataset.address ?? listAddress();
  if (!isRestoring && address !== location.pathname + location.search) history.pushState(null, "", address);
  isRestoring = false;
};

const openThreadOfAddress = (event) => {
  if (page() !== pageAtStart) return location.reload();
  isRestoring = true;
  htmx
    .ajax("GET", location.pathname + location.search, { event, target: "#thread", swap: "innerHTML" })
    .catch(() => {})
    .finally(() => { isRestoring = false; });
};

const closeThread = () => {
  const address = listAddress();
  pane.replaceChildren();
  history.pushState(null, "", address);
  markOpen();
};

export const startAddress = () => {
  addEventListener("popstate", openThreadOfAddress);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-back]") || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    closeThread();
  });
};
