// Polls the server for what has changed in the inbox, and says so when the server cannot be reached.

import { isStale } from "./inbox-list.js";
import { pageState } from "./inbox-requests.js";
import { onRequestFailed } from "./request-failures.js";

const inbox = document.getElementById("main");
const connection = document.getElementById("connection");
const failed = document.getElementById("failed");

// The server answers the current version without comparing anything; without a version it compares everything.
const version = () => (!isStale() && document.getElementById("version")?.value) || "";

let isPolling = false;
/** Ask what has changed. A page in the background does not poll; one that comes to the front polls at once. */
export const poll = async () => {
  if (isPolling || document.visibilityState !== "visible") return;
  isPolling = true;
  const headers = { "X-Version": version() };
  await htmx
    .ajax("GET", inbox.dataset.updates + location.search, { source: inbox, target: inbox, swap: "none", values: pageState(), headers })
    .catch(() => {})
    .finally(() => { isPolling = false; });
};
/** Ask the server to compare everything that the page shows, although the page has the current version. */
export const pollWithoutVersion = () => {
  document.getElementById("version").value = "";
  poll();
};
const isPoll = ({ requestConfig }) => requestConfig?.elt === inbox;

const pollStaleRowsAfterScrolling = () => {
  let timer;
  const pollStaleRows = () => {
    if (isStale()) poll();
  };
  document.addEventListener("scroll", () => {
    clearTimeout(timer);
    timer = setTimeout(pollStaleRows, 200);
  }, { capture: true, passive: true });
};

export const startPolling = () => {
  const { unreachable } = document.body.dataset;
  const showUnreachable = () => {
    connection.textContent = unreachable;
    connection.hidden = false;
  };
  // The end of an outage takes away its sentence and that about an action that it has prevented (live.js).
  const showReachable = () => {
    if (connection.hidden) return;
    connection.hidden = true;
    if (failed.textContent === unreachable) failed.hidden = true;
  };
  onRequestFailed(({ detail }) => {
    if (isPoll(detail)) showUnreachable();
  });
  addEventListener("offline", showUnreachable);
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (isPoll(detail) && detail.successful) showReachable();
  });
  setInterval(poll, inbox.dataset.seconds * 1000);
  document.addEventListener("visibilitychange", poll);
  addEventListener("online", poll);
  pollStaleRowsAfterScrolling();
};
