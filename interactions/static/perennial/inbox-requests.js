// Adds to the inbox's requests what the page shows, so that the server can compare it with what it has.

import { nextId, noteVersion, openId, shownRows } from "./inbox-list.js";

const pane = document.getElementById("thread");
const conversation = () => document.getElementById("conversation");

/** The parameters that say what the page shows. */
export const pageState = () => ({
  shown: shownRows().map((row) => `${row.dataset.id}:${row.dataset.version}`).join(","),
  listed: document.getElementById("listed")?.value ?? "",
  open: openId() ?? "",
  next: nextId() ?? "",
  seen: (!document.getElementById("read") && conversation()?.dataset.seen) || "",
  rows: conversation()?.dataset.rows ?? "",
});

const isAction = ({ verb, path }) => verb === "post" && /^\/(inbox|comments|messages)\//.test(path);

const addPageState = (parameters) => {
  for (const [name, value] of Object.entries(pageState())) {
    if (!parameters.has(name)) parameters.append(name, value);
  }
};

const setIfPresent = (parameters, name, value) => {
  if (parameters.has(name)) parameters.set(name, value);
};

// Rows that arrived while the thread was open have been shown too, so what is sent from the pane covers them. Forms within
// the conversation are rendered with these rows.
const coverArrivals = ({ elt, parameters }) => {
  const shown = pane.contains(elt) && conversation();
  if (!shown || shown.contains(elt)) return;
  setIfPresent(parameters, "covers", shown.dataset.covers);
  setIfPresent(parameters, "seen_id", shown.dataset.seen);
};

export const startRequests = () => {
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (!isAction(detail)) return;
    addPageState(detail.parameters);
    coverArrivals(detail);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const sentRows = detail.requestConfig?.parameters.shown;
    if (sentRows === undefined || detail.xhr.status === 204) return;
    noteVersion(new Set(sentRows.split(",").map((row) => row.split(":")[0])));
  });
  // Unread rows are marked as read once they are shown, and not again when the user marks them as unread.
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt.id === "read") detail.elt.remove();
  });
};
