// The list of the inbox: which row is open, moving between rows, and selecting rows for a change of many.

const list = document.getElementById("list");
const pane = document.getElementById("thread");
const bulk = () => document.getElementById("bulk");
const boxes = () => [...list.querySelectorAll(".row-check input")];
const boxOf = (event) => event.target.closest(".row-check input");
const selected = () => boxes().filter((box) => box.checked);

export const rows = () => [...list.querySelectorAll(".row")];
export const openId = () => pane.querySelector(":scope > .thread")?.dataset.id;
const rowOf = (id) => list.querySelector(`#row-${id}`);
const openRow = () => (openId() ? rowOf(openId()) : list.querySelector('.row[aria-selected="true"]'));

// Rows that a request says are shown: as many as fit into an address (MAX_SHOWN in shown_list.py), and first those that are
// visible or at most one screen away. A row that was not among them when the page got a new version may be stale.
const MAX_SHOWN = 250;
const stale = new WeakSet();
const nearRows = () => {
  const all = rows();
  if (all.length <= MAX_SHOWN) return all;
  const { top, bottom, height } = list.querySelector("#list-scroll").getBoundingClientRect();
  return all.filter((row) => {
    const at = row.getBoundingClientRect();
    return at.bottom > top - height && at.top < bottom + height;
  });
};
export const shownRows = () => [...new Set([...nearRows(), ...rows()])].slice(0, MAX_SHOWN);
/** Whether rows may be stale that the user sees or is about to see. */
export const isStale = () => nearRows().some((row) => stale.has(row));
/** Note that the rows with these ids are as the page's version has them, and the others may not be. */
export const noteVersion = (ids) => {
  for (const row of rows()) {
    if (ids.has(row.dataset.id)) stale.delete(row);
    else stale.add(row);
  }
};

/** The id of the thread below the open one, or above it at the end of the list. */
export const nextId = () => {
  const open = openRow();
  const next = open ? sibling(open, 1) ?? sibling(open, -1) : undefined;
  return next?.dataset.id;
};
const sibling = (row, step) => {
  const all = rows();
  return all[all.indexOf(row) + step];
};

/** Mark the row of the open thread. */
export const markOpen = (row = openId() ? rowOf(openId()) : null) => {
  for (const one of rows()) {
    const isOpen = one === row;
    if (one.getAttribute("aria-selected") !== String(isOpen)) one.setAttribute("aria-selected", String(isOpen));
  }
  row?.scrollIntoView({ block: "nearest" });
};

/** Whether a row is marked whose thread is not shown yet. */
export const isOpening = () => {
  const marked = list.querySelector('.row[aria-selected="true"]');
  return Boolean(marked && openId()) && marked.dataset.id !== openId();
};

/** Open the next row or the one before; quick presses open only the last one. */
let waiting;
export const move = (step) => {
  const current = list.querySelector('.row[aria-selected="true"]');
  const row = current ? sibling(current, step) : rows()[0];
  if (!row) return;
  markOpen(row);
  clearTimeout(waiting);
  waiting = setTimeout(() => row.querySelector(".row-link").click(), 120);
};

// Selecting
let lastSelectedBox = null;
const showSelection = () => {
  const form = bulk();
  if (!form) return;
  const all = form.elements["bulk-all"];
  if (all.value) {
    for (const box of boxes()) box.checked = true; // those loaded meanwhile too
  }
  const count = selected().length;
  const total = Number(list.querySelector(".tab[aria-current] .count")?.dataset.count ?? 0);
  form.hidden = count === 0;
  const number = all.value ? total : count;
  const output = list.querySelector("#bulk-count"), everything = list.querySelector("#bulk-everything");
  output.textContent = number === 1 ? output.dataset.one : output.dataset.many.replace("%(count)s", number.toLocaleString());
  everything.hidden = Boolean(all.value) || total <= count;
  everything.textContent = everything.dataset.text.replace("%(count)s", total.toLocaleString());
};

/** Shift and a click on a box: the boxes from the one clicked before to this one get its state. */
const extendSelection = (event) => {
  const box = boxOf(event);
  if (!event.shiftKey || !lastSelectedBox?.isConnected) return;
  const all = boxes();
  const [from, to] = [all.indexOf(lastSelectedBox), all.indexOf(box)].sort((one, other) => one - other);
  for (const one of all.slice(from, to + 1)) one.checked = box.checked;
};
const selectRow = (event) => {
  const box = boxOf(event);
  extendSelection(event);
  lastSelectedBox = box;
  if (!box.checked) bulk().elements["bulk-all"].value = "";
  showSelection();
};
const selectOpenRow = () => openRow()?.querySelector(".row-check input").click();
const selectNone = () => {
  for (const box of boxes()) box.checked = false;
  if (bulk()) bulk().elements["bulk-all"].value = "";
  lastSelectedBox = null;
  showSelection();
};
/** Select all threads that match, those that are not in the list too. */
const selectEverything = () => {
  bulk().elements["bulk-all"].value = "1";
  showSelection();
};

const markClickedRow = (event) => {
  const link = event.target.closest(".row-link");
  if (link) markOpen(link.closest(".row"));
};
const onClick = (event) => {
  if (boxOf(event)) selectRow(event);
  if (event.target.closest("[data-choose]")) selectOpenRow();
  if (event.target.closest("#bulk-none")) selectNone();
  if (event.target.closest("#bulk-everything")) selectEverything();
  markClickedRow(event);
};

// Enter would press the first button of the form for all selected threads, which marks them as done.
const onEnter = (event) => {
  if (event.key !== "Enter" || !event.target.matches("input") || event.target.form !== bulk()) return;
  event.preventDefault();
  if (event.target.name === "label") bulk().querySelector('[value="label"]').click();
};
const onEscape = (event) => {
  if (event.key !== "Escape" || selected().length === 0) return;
  if (!document.querySelector(".menu:popover-open, dialog[open]")) selectNone();
};

/**
 * Start the list. `reload` is called when all of its rows are gone, or all that match were changed: others may match, or it
 * says that none do. `update` is called after a change of selected threads, one of which may be open.
 */
export const startList = (reload, update) => {
  const reloadIfEmptied = () => {
    if (list.querySelector(".threads") && rows().length === 0) reload();
  };
  new MutationObserver(reloadIfEmptied).observe(list, { childList: true, subtree: true });
  list.addEventListener("click", onClick);
  list.addEventListener("keydown", onEnter);
  document.addEventListener("keydown", onEscape);
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt !== bulk() || !detail.successful) return;
    selectNone();
    if (detail.requestConfig.parameters.all) reload();
    update();
  });
  document.addEventListener("htmx:oobAfterSwap", showSelection);
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target !== list) return;
    markOpen();
    showSelection();
  });
};
