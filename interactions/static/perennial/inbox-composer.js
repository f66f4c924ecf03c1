// The form below a thread: reply or note, the network's limit, saved replies, and drafts, which the browser keeps for the user.

const pane = document.getElementById("thread");
const form = () => pane.querySelector(".composer");
const field = () => form()?.querySelector("textarea");
const KEPT = 50; // drafts
const prefix = `draft:${document.body.dataset.user}:`;
const key = () => prefix + form().dataset.thread;

const read = (name) => {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
};
const forget = (name) => {
  try {
    localStorage.removeItem(name);
  } catch { /* the browser allows no storage */ }
};
// A draft has a text for a reply and one for a note, so that a note does not become a reply: {reply, note, mode, at}.
const mode = () => form().elements.mode.value;
const store = (name, draft) => {
  if (!draft.reply?.trim() && !draft.note?.trim()) return forget(name);
  try {
    localStorage.setItem(name, JSON.stringify(draft));
    const names = Object.keys(localStorage).filter((one) => one.startsWith(prefix));
    const oldest = names.sort((one, other) => (read(one)?.at ?? 0) - (read(other)?.at ?? 0));
    for (const one of oldest.slice(0, Math.max(0, names.length - KEPT))) forget(one);
  } catch { /* likewise */ }
};
let texts = {}; // of the form that is shown, by mode
const keep = () => {
  texts[mode()] = field().value;
  store(key(), { ...texts, mode: mode(), at: Date.now() });
};
const showOtherText = () => {
  field().value = texts[mode()] ?? "";
  keep();
};

// The texts that are being sent, by thread: a thread that is opened again meanwhile does not offer its text as a draft.
const sending = new Map();
const isComposer = (elt) => elt?.matches?.(".composer");
const noteSending = ({ detail: { requestConfig: { elt, parameters }, xhr } }) => {
  if (!isComposer(elt)) return;
  const { thread } = elt.dataset;
  sending.set(thread, { mode: parameters.mode, text: parameters.text });
  xhr.addEventListener("loadend", () => {
    sending.delete(thread);
    restoreDraft(); // none is left if it was sent
  });
};

/** Put the draft of the open thread into its form, unless the server has sent a text back. */
export const restoreDraft = () => {
  if (!form()) return;
  const { mode: draftMode, at, ...draft } = read(key()) ?? {};
  const sent = sending.get(form().dataset.thread);
  if (sent && draft[sent.mode] === sent.text) delete draft[sent.mode];
  const typed = field().value;
  if (!typed && draft[draftMode]) form().elements.mode.value = draftMode;
  texts = { ...draft, ...(typed && { [mode()]: typed }) };
  field().value = texts[mode()] ?? "";
  show();
};

const bytes = (text) => new TextEncoder().encode(text).length;
const show = () => {
  const { limit, bytes: inBytes } = form().dataset, text = field(), output = form().querySelector("output");
  const isNote = form().elements.mode.value === "note";
  text.placeholder = isNote ? text.dataset.note : text.dataset.reply;
  const left = limit - (inBytes ? bytes(text.value) : [...text.value].length);
  const isNearLimit = !isNote && (left < limit / 5 || left < 100);
  const sentence = left < 0 ? output.dataset.over : output.dataset.left;
  output.textContent = isNearLimit ? sentence.replace("%(count)s", Math.abs(left).toLocaleString()) : "";
  output.classList.toggle("over", left < 0);
};

/** Let the composer answer the row that the button names. */
const answer = (button) => {
  const chosen = button.closest(".answers") === null;
  button.closest(".menu")?.hidePopover();
  form().elements.to.value = button.dataset.answer;
  if (mode() !== "reply") {
    form().elements.mode.value = "reply";
    showOtherText();
  }
  form().querySelector("#answered").textContent = button.dataset.name;
  form().querySelector(".answers button").hidden = !chosen;
  field().focus();
  show();
};
const removeError = () => {
  form().querySelector("#composer-error")?.remove();
  field().removeAttribute("aria-invalid");
  field().removeAttribute("aria-describedby");
};

export const startComposer = () => {
  pane.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-answer]");
    if (button) answer(button);
  });
  pane.addEventListener("input", ({ target }) => {
    if (!target.closest(".composer")) return;
    if (target.matches("textarea")) keep();
    if (target.matches("[name=mode]")) showOtherText();
    removeError();
    show();
  });
  pane.addEventListener("change", ({ target }) => {
    if (target.matches(".composer [name=mode]")) field().focus();
  });
  pane.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches(".composer textarea")) return;
    event.preventDefault();
    form().requestSubmit(form().querySelector("[data-send]"));
  });
  // Enter on "Reply" or "Note" would press the first button of the form.
  pane.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches(".composer [name=mode]")) return;
    event.preventDefault();
    field().focus();
  });
  pane.addEventListener("click", ({ target }) => {
    const saved = target.closest("[data-insert]");
    if (!saved) return;
    saved.closest(".menu").hidePopover();
    field().focus();
    field().setRangeText(saved.dataset.insert, field().selectionStart, field().selectionEnd, "end");
    keep();
    show();
  });
  document.addEventListener("htmx:beforeRequest", noteSending);
  // What was sent is no draft any more; a refusal leaves it, and what was typed since stays, in another tab too.
  document.addEventListener("htmx:beforeSwap", ({ detail: { requestConfig, xhr } }) => {
    if (!isComposer(requestConfig?.elt) || xhr.status !== 200) return;
    const { text, mode: sentMode } = requestConfig.parameters;
    const name = prefix + requestConfig.elt.dataset.thread, draft = read(name);
    if (draft?.[sentMode]?.startsWith(text)) store(name, { ...draft, [sentMode]: draft[sentMode].slice(text.length).trim() });
  });
};
