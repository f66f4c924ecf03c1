// What all pages need: drafts deleted at log-out, ages that stay true, menus beside their buttons, dialogs,
// short addresses of filters, the theme, toasts.
// Texts come from the document (attributes of body), as they are translated there.

const texts = document.body.dataset;
const { user } = document.body.dataset;

// Drafts (inbox-composer.js) are their writer's: logging out deletes them, and so does the next user's first page. They
// outlive a session that has ended by itself.
const deleteDrafts = (isKept) => {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith("draft:") && !isKept(name));
    for (const name of names) localStorage.removeItem(name);
  } catch { /* the browser allows no storage */ }
};
if (user) deleteDrafts((name) => name.startsWith(`draft:${user}:`));
document.addEventListener("submit", ({ target }) => {
  if (target.matches("[data-log-out]")) deleteDrafts(() => false);
});

// Ages. From a week on they are dates, which stay true.
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const fill = (text, name, value) => text.replace(`%(${name})d`, Math.floor(value));
const age = (passed) => {
  if (passed < MINUTE) return texts.now;
  if (passed < HOUR) return fill(texts.minutes, "minutes", passed / MINUTE);
  if (passed < DAY) return fill(texts.hours, "hours", passed / HOUR);
  if (passed < 7 * DAY) return fill(texts.days, "days", passed / DAY);
  return null;
};
setInterval(() => {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const text = age(Date.now() - Date.parse(time.dateTime));
    if (text && time.textContent !== text) time.textContent = text;
  }
}, MINUTE / 2);

// A menu opens below its button, or above where there is no room.
const place = (menu) => {
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  if (!button) return;
  const at = button.getBoundingClientRect(), size = menu.getBoundingClientRect(), gap = 4;
  const endsWithButton = menu.classList.contains("end") !== (document.dir === "rtl");
  const left = endsWithButton ? at.right - size.width : at.left;
  const below = at.bottom + gap + size.height <= innerHeight || at.top < size.height + gap;
  menu.style.left = `${Math.max(gap, Math.min(left, innerWidth - size.width - gap))}px`;
  menu.style.top = `${Math.max(gap, below ? at.bottom + gap : at.top - gap - size.height)}px`;
  menu.querySelector("[data-focus]")?.focus({ focusVisible: true });
};
document.addEventListener("toggle", ({ target, newState }) => {
  if (newState === "open" && target.matches(".menu[popover]")) place(target);
}, true);
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.matches(".menu:popover-open")) place(detail.target); // its content was loaded
});

// A menu closes when its button sends something, unless the answer is shown in it.
document.addEventListener("htmx:beforeRequest", ({ detail: { requestConfig: { elt, verb }, target } }) => {
  const menu = elt.closest(".menu:popover-open:not([data-stays])");
  if (menu && verb === "post" && !menu.contains(target)) menu.hidePopover();
});

// Buttons that open a dialog, and that close the one they are in. Of many that open the same one, each names its address.
const postTo = (form, address) => {
  form.setAttribute("action", address);
  form.setAttribute("hx-post", address);
  htmx.process(form);
};
const openDialog = (opener) => {
  const dialog = document.getElementById(opener.dataset.dialog);
  if (opener.dataset.address) postTo(dialog.querySelector("form"), opener.dataset.address);
  const detail = dialog?.querySelector("[data-detail]");
  if (detail) detail.textContent = opener.dataset.detail ?? "";
  dialog?.showModal();
};
const closeDialogOrMenu = (button) => {
  const dialogOrMenu = button.closest("dialog, [popover]");
  if (button.closest("dialog")) dialogOrMenu.close();
  else dialogOrMenu?.hidePopover();
};
document.addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-dialog]");
  if (opener) openDialog(opener);
  const closer = target.closest("[data-close]");
  if (closer) closeDialogOrMenu(closer);
});

// A search or filter leaves what is empty out of the address.
document.addEventListener("formdata", ({ target, formData }) => {
  if (target.method !== "get") return;
  for (const name of new Set(formData.keys())) {
    if (formData.getAll(name).every((value) => value === "")) formData.delete(name);
  }
});

// Rows that a button appended: the first one gets the focus. (Browsers refuse `autofocus` while something else has it.)
document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  const taker = elt.matches("[data-takes-focus]") ? elt : elt.querySelector("[data-takes-focus]");
  taker?.focus();
});

// Theme and density are shown as soon as they are chosen; the server stores them.
const shown = document.documentElement.dataset;
const choose = (name, value) => {
  shown[name] = value;
  for (const button of document.querySelectorAll(`button[name="${name}"]`)) button.ariaPressed = String(button.value === value);
  for (const radio of document.querySelectorAll(`input[type="radio"][name="${name}"]`)) radio.checked = radio.value === value;
};
document.addEventListener("click", ({ target }) => {
  const button = target.closest('button[name="theme"]');
  if (button) choose("theme", button.value);
});
document.addEventListener("change", ({ target }) => {
  if (target.matches('input[name="theme"], input[name="density"]')) choose(target.name, target.value);
});

// Toasts go after the time that their element names, but not while the pointer or the focus is on them.
const toasts = document.getElementById("toasts");
const show = () => {
  const open = toasts.childElementCount > 0;
  if (open && !toasts.matches(":popover-open")) toasts.showPopover();
  if (!open && toasts.matches(":popover-open")) toasts.hidePopover();
};
const dismissLater = (toast) => setTimeout(() => {
  if (toast.matches(":hover, :focus-within")) dismissLater(toast);
  else toast.remove();
}, Number(toast.dataset.milliseconds ?? 6000));
new MutationObserver((changes) => {
  const added = changes.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node.matches?.(".toast"));
  for (const toast of added) dismissLater(toast);
  show();
}).observe(toasts, { childList: true });
for (const toast of toasts.querySelectorAll(".toast")) dismissLater(toast);
show();
toasts.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (detail.successful && target.matches("form")) target.closest(".toast").remove();
});
toasts.addEventListener("click", ({ target }) => target.closest("[data-dismiss]")?.closest(".toast").remove());
