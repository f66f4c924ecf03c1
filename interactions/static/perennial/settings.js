// The settings: copying addresses and secrets, and writing variables into a saved reply. Texts come from the document.

const copied = async (field) => {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch { // no permission, or no HTTPS
    const shown = document.createElement("textarea"); // a hidden field has nothing to be selected
    shown.value = field.value;
    document.body.append(shown);
    shown.select();
    const done = document.execCommand("copy");
    shown.remove();
    return done;
  }
  return true;
};
const SHOWN_FOR = 2000; // milliseconds
const toast = (text) => {
  const shown = document.createElement("div");
  shown.className = "toast";
  shown.dataset.milliseconds = SHOWN_FOR;
  shown.textContent = text;
  document.getElementById("toasts").append(shown);
};

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  const field = button && document.getElementById(button.dataset.copy);
  if (!field) return;
  if (!(await copied(field))) return toast(button.dataset.notCopied);
  if (button.ariaLabel) return toast(button.dataset.copied); // its words may be hidden
  const word = button.querySelector("span");
  button.dataset.word ??= word.textContent;
  word.textContent = button.dataset.copied;
  setTimeout(() => { word.textContent = button.dataset.word; }, SHOWN_FOR);
});

document.addEventListener("click", ({ target }) => {
  const variable = target.closest("[data-insert]");
  const field = variable && document.getElementById(variable.dataset.into);
  if (!field) return;
  field.setRangeText(variable.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
