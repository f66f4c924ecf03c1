// The inbox: the address follows the open thread, every request says what the page shows, updates are polled, keys work.

import { hotkeyKeyUX } from "./vendor/keyux-hotkey-0.11.6.js";
import { isStale, markOpen, move, nextId, noteVersion, openId, shownRows, startList } from "./inbox-list.js";
import { restoreDraft, startComposer } from "./inbox-composer.js";

const inbox = document.getElementById("main");
const list = document.getElementById("list");
const pane = document.getElementById("thread");
const connection = document.getElementById("connection");
const thread = () => pane.querySelector(":scope > .thread");

// What the page shows, for the server to compare.
const shown = () => ({
  shown: shownRows().map((row) => `${row.dataset.id}:${row.dataset.version}`).join(","),
  listed: document.getElementById("listed")?.value ?? "",
  open: openId() ?? "",
  next: nextId() ?? "",
  seen: (!document.getElementById("read") && document.getElementById("conversation")?.dataset.seen) || "",
  rows: document.getElementById("conversation")?.dataset.rows ?? "",
});
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "post" || !detail.path.match(/^\/(inbox|comments|messages)\//)) return;
  for (const [name, value] of Object.entries(shown())) if (!detail.parameters.has(name)) detail.parameters.append(name, value);
  // What arrived while the thread was open has been shown too.
  const conversation = pane.contains(detail.elt) && document.getElementById("conversation");
  if (!conversation || conversation.contains(detail.elt)) return;
  for (const [name, value] of [["covers", conversation.dataset.covers], ["seen_id", conversation.dataset.seen]]) if (detail.parameters.has(name)) detail.parameters.set(name, value);
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const told = detail.requestConfig?.parameters.shown;
  if (told !== undefined && detail.xhr.status !== 204) noteVersion(new Set(told.split(",").map((row) => row.split(":")[0])));
});

// Refusals are shown where the request's answer would be.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if ([404, 409, 422].includes(detail.xhr.status) && detail.xhr.getResponseHeader("content-type")?.startsWith("text/html")) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});
// Of two requests that fill the pane the later one does; of the other one the rest is shown, such as rows of the list.
let latest;
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.target === pane) latest = detail.xhr;
});
const fillsPane = ({ target, xhr }) => target === pane && xhr === latest;
// What is sent for elements that are there no more, such as a row that another answer has deleted, is left out: htmx reports
// it as an error.
const isLost = (one) => !document.getElementById(one.id);
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const sent = document.createElement("template");
  sent.innerHTML = detail.serverResponse;
  const parts = [sent, ...sent.content.querySelectorAll("template")].map((one) => one.content);
  const lost = parts.flatMap((part) => [...part.querySelectorAll("[id][hx-swap-oob]")].filter(isLost));
  for (const one of lost) one.remove();
  if (lost.length) detail.serverResponse = sent.innerHTML;
  if (detail.target === pane && !fillsPane(detail)) detail.swapOverride = "none";
  if (detail.requestConfig.elt.isConnected || !detail.shouldSwap) return;
  // htmx looks for the places within the element that has asked, which another answer may have removed.
  detail.shouldSwap = false;
  const isShown = ![inbox, pane].includes(detail.target) || fillsPane(detail);
  htmx.swap(detail.target, detail.serverResponse, { swapStyle: isShown ? "innerHTML" : "none" }, { eventInfo: detail });
});
// Unread rows are marked as read once they are shown, and not again when the user marks them as unread.
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.elt.id === "read" && detail.elt.remove());
// A row is marked as open before its thread is loaded; when that fails, the thread that is shown is marked again.
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.addEventListener(name, ({ detail }) => detail.target === pane && markOpen());
// A late answer about a thread that is not open any more changes nothing.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const sent = fragment.querySelector?.("#thread-top, #conversation")?.dataset.thread;
  if (["thread-top", "conversation"].includes(target.id) && sent && sent !== openId()) event.detail.shouldSwap = false;
});

// The address follows the open thread; Back opens the thread before.
const listAddress = () => location.pathname.replace(/\/\d+\/?$/, "/") + location.search;
let going = false;
const follow = () => {
  const address = thread()?.dataset.address ?? listAddress();
  if (!going && address !== location.pathname + location.search) history.pushState(null, "", address);
  going = false;
};
const listQuery = location.pathname.split("/")[1] + location.search;
addEventListener("popstate", () => {
  if (location.pathname.split("/")[1] + location.search !== listQuery) return location.reload();
  going = true;
  htmx.ajax("GET", location.pathname + location.search, { target: "#thread", swap: "innerHTML" }).catch(() => {}).finally(() => { going = false; });
});
document.addEventListener("click", (event) => {
  const back = event.target.closest("[data-back]");
  if (!back || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  const address = listAddress();
  pane.replaceChildren();
  history.pushState(null, "", address);
  markOpen();
});

// A new pane: its newest row is in view, a draft comes back, and the focus is not lost.
const scroller = () => document.getElementById("conversation-scroll");
const toEnd = () => scroller() && (scroller().scrollTop = scroller().scrollHeight);
const opened = () => {
  follow();
  markOpen();
  toEnd();
  restoreDraft();
};
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target !== pane) return;
  const lost = document.activeElement === document.body;
  opened();
  if (lost || getComputedStyle(pane.previousElementSibling).display === "none") pane.focus({ preventScroll: true });
});
document.addEventListener("htmx:oobAfterSwap", ({ detail }) => detail.target === pane && opened());
let atEnd = true;
document.addEventListener("htmx:oobBeforeSwap", () => {
  const one = scroller();
  atEnd = !one || one.scrollHeight - one.scrollTop - one.clientHeight < 48;
});
document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
  if (detail.target.id === "conversation" && atEnd) toEnd();
  markOpen();
});
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-person]");
  if (button) button.setAttribute("aria-expanded", String(thread().classList.toggle("with-person")));
});

// Updates. A page in the background asks nothing; one that comes to the front asks at once.
// The server answers the current version without comparing anything; without a version it compares everything.
let asking = false;
const version = () => (!isStale() && document.getElementById("version")?.value) || "";
const poll = async () => {
  if (asking || document.visibilityState !== "visible") return;
  asking = true;
  await htmx.ajax("GET", inbox.dataset.updates + location.search, { source: inbox, target: inbox, swap: "none", values: shown(), headers: { "X-Version": version() } }).catch(() => {}).finally(() => { asking = false; });
};
const isPoll = (event) => event.detail.requestConfig?.elt === inbox;
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.addEventListener(name, (event) => {
  if (!isPoll(event)) return;
  connection.textContent = document.body.dataset.unreachable;
  connection.hidden = false;
});
document.addEventListener("htmx:afterRequest", (event) => isPoll(event) && event.detail.successful && (connection.hidden = true));
setInterval(poll, inbox.dataset.seconds * 1000);
document.addEventListener("visibilitychange", poll);
addEventListener("online", poll);
let scrolled;
document.addEventListener("scroll", () => {
  clearTimeout(scrolled);
  scrolled = setTimeout(() => isStale() && poll(), 200);
}, { capture: true, passive: true });

// Keys work unless something lies above the page, or a select has the focus, whose own keys they would be.
const isFree = () => !document.querySelector("dialog[open], .menu:popover-open") && !document.activeElement.matches("select");
if (inbox.dataset.keys === "on") hotkeyKeyUX([[(code) => (isFree() ? code.replace(/^\?$/, "shift+?") : undefined)]])(window); // layouts differ
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("input, textarea")) event.target.blur();
});

let reloading = false;
const reloadList = () => {
  if (reloading) return;
  reloading = true;
  htmx.ajax("GET", listAddress(), { source: list, target: list, swap: "innerHTML" }).catch(() => {}).finally(() => { reloading = false; });
};
startList(reloadList);
startComposer();
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-move]");
  if (button) move(Number(button.dataset.move));
});
markOpen();
toEnd();
restoreDraft();
