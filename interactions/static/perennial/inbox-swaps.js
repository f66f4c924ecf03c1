// Decides which parts of the inbox's responses are put into the page: refusals are, those that come too late are not.

import { markOpen, openId } from "./inbox-list.js";
import { pollWithoutVersion } from "./inbox-polling.js";
import { onRequestFailed } from "./request-failures.js";

const inbox = document.getElementById("main");
const pane = document.getElementById("thread");

// A refusal is shown where the response would be.
const REFUSALS = [404, 409, 422];
const showRefusal = (detail) => {
  if (!REFUSALS.includes(detail.xhr.status)) return;
  if (!detail.xhr.getResponseHeader("content-type")?.startsWith("text/html")) return;
  detail.shouldSwap = true;
  detail.isError = false;
};

// Of two requests that fill the pane, the later one fills it. Of the earlier one the rest is shown, such as rows of the list.
let latestForPane;
/** Whether the response fills the pane: it is that of the latest request for it. */
export const fillsPane = ({ target, xhr }) => target === pane && xhr === latestForPane;
const ignoreOlderPane = (detail) => {
  if (detail.target !== pane || fillsPane(detail)) return;
  detail.swapOverride = "none";
  detail.xhr.addEventListener("loadend", pollWithoutVersion); // its pane may be that of the thread opened again
};

// A response may have parts for elements that are not in the page any more, such as a row that another response has deleted.
// They are removed from the response, because htmx reports them as errors.
const isMissing = (part) => !document.getElementById(part.id);
const dropSwapsOfMissingElements = (detail) => {
  const response = document.createElement("template");
  response.innerHTML = detail.serverResponse;
  const fragments = [response, ...response.content.querySelectorAll("template")].map((template) => template.content);
  const missing = fragments.flatMap((fragment) => [...fragment.querySelectorAll("[id][hx-swap-oob]")].filter(isMissing));
  for (const part of missing) part.remove();
  if (missing.length) detail.serverResponse = response.innerHTML;
};

// htmx looks for the targets within the element that sent the request. When another response has removed that element,
// the response is swapped from here.
const swapForRemovedElement = (detail) => {
  if (detail.requestConfig.elt.isConnected || !detail.shouldSwap) return;
  detail.shouldSwap = false;
  const isShown = ![inbox, pane].includes(detail.target) || fillsPane(detail);
  htmx.swap(detail.target, detail.serverResponse, { swapStyle: isShown ? "innerHTML" : "none" }, { eventInfo: detail });
};

// A late response about a thread that is not open any more changes nothing.
const ignoreClosedThread = (detail) => {
  const sent = detail.fragment.querySelector?.("#thread-top, #conversation")?.dataset.thread;
  if (["thread-top", "conversation"].includes(detail.target.id) && sent && sent !== openId()) detail.shouldSwap = false;
};

// A thread that takes longer to load is covered by its outline (inbox.css).
const OUTLINE_AFTER = 200; // milliseconds
const showOutlineWhileLoading = () => {
  let timer;
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target !== pane) return;
    clearTimeout(timer);
    pane.classList.remove("loading");
    if (detail.requestConfig.verb !== "get") return;
    timer = setTimeout(() => pane.classList.add("loading"), OUTLINE_AFTER);
    detail.xhr.addEventListener("loadend", () => {
      if (!fillsPane(detail)) return;
      clearTimeout(timer);
      pane.classList.remove("loading");
    });
  });
};

export const startSwaps = () => {
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target === pane) latestForPane = detail.xhr;
  });
  // The order matters: each of these reads what those before it have changed.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    showRefusal(detail);
    dropSwapsOfMissingElements(detail);
    ignoreOlderPane(detail);
    swapForRemovedElement(detail);
  });
  showOutlineWhileLoading();
  // A row is marked as open before its thread is loaded; when that fails, the thread that is shown is marked again.
  onRequestFailed(({ detail }) => {
    if (detail.target === pane) markOpen();
  });
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => ignoreClosedThread(detail));
};
