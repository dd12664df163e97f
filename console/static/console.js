// Keys and choosing in lists. Everything here also works without: the pages are plain forms and links.
(() => {
  const OFF = "afterbell-keys-off";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const rows = () => all("[data-row]");
  const picks = () => all('[name="pick"]');
  const current = () => document.activeElement?.closest?.("[data-row]");

  // The menu is always open where it is drawn as a bar; its last part is folded away there, and nowhere else.
  const wide = matchMedia("(min-width: 75rem)");
  const menu = document.querySelector("[data-menu]");
  const folded = document.querySelector("[data-fold]");
  const unfold = () => {
    if (menu) menu.open = wide.matches;
    if (folded) folded.open = !wide.matches;
  };
  wide.addEventListener("change", unfold);
  unfold();

  function fold(event) {
    if (folded && wide.matches && !folded.contains(event.target)) folded.open = false;
  }

  document.addEventListener("click", fold);
  document.addEventListener("focusin", fold);
  folded?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !wide.matches) return;
    folded.open = false;
    folded.querySelector("summary").focus();
  });

  function count() {
    const shown = document.querySelector("[data-count]");
    if (!shown) return;
    const boxes = picks();
    const chosen = boxes.filter((box) => box.checked).length;
    shown.textContent = chosen ? `${shown.dataset.some} ${chosen}` : shown.dataset.none;
    shown.closest(".bulk").classList.toggle("some", chosen > 0);
    const every = document.querySelector("[data-all]");
    every.checked = chosen > 0 && chosen === boxes.length;
    every.indeterminate = chosen > 0 && chosen < boxes.length;
  }

  function chooseAll(checked) {
    picks().forEach((box) => (box.checked = checked));
    count();
  }

  function ready() {
    rows().forEach((row) => (row.tabIndex = -1));
    all("[data-key]").forEach((element) => element.setAttribute("aria-keyshortcuts", element.dataset.key));
    count();
  }

  function step(by) {
    const list = rows();
    if (!list.length) return false;
    const here = list.indexOf(current());
    const next = list[Math.min(list.length - 1, Math.max(0, here < 0 ? 0 : here + by))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function toggle() {
    const box = current()?.querySelector('[name="pick"]');
    if (!box) return false;
    box.checked = !box.checked;
    count();
    return true;
  }

  function open() {
    const link = current()?.querySelector("[data-open]");
    link?.click();
    return Boolean(link);
  }

  // A key of a button: in a list it acts on the chosen rows, or else on the row that has the focus.
  function press(key) {
    const element = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!element) return false;
    if (element.closest("[data-list]") && !picks().some((box) => box.checked) && !toggle()) return false;
    element.click();
    return true;
  }

  function help() {
    const dialog = document.querySelector("dialog#keys");
    if (!dialog || dialog.open) return false;
    dialog.querySelector("[data-keys-off]").checked = localStorage.getItem(OFF) === "1";
    dialog.showModal();
    return true;
  }

  function search() {
    const field = document.querySelector("[data-search]");
    field?.focus();
    return Boolean(field);
  }

  // The board's only hit is opened, unless the list is still that of words typed before.
  function only(words) {
    const links = all("[data-row] [data-open]"), typed = words.trim().toLowerCase();
    const fits = links.length === 1 && typed !== "" && links[0].textContent.toLowerCase().includes(typed);
    if (fits) links[0].click();
    return fits;
  }

  function decide() {
    const field = document.querySelector("[data-decide]");
    field?.focus();
    return Boolean(field);
  }

  const deeds = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    x: toggle, o: open, d: decide, "?": help, "/": search,
    "*": () => picks().length > 0 && (chooseAll(!picks().every((box) => box.checked)), true),
  };

  function typing(element) {
    return element.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter" && event.target.matches("#filters [data-search]") && only(event.target.value)) {
      return event.preventDefault();
    }
    if (event.key === "Escape" && typing(event.target)) return event.target.blur();
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && event.target.matches("[data-row]")) return void (open() && event.preventDefault());
    if (localStorage.getItem(OFF) === "1" && event.key !== "?") return;
    const done = deeds[event.key] ? deeds[event.key]() : event.key.length === 1 && press(event.key);
    if (done) event.preventDefault();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) chooseAll(event.target.checked);
    if (event.target.matches('[name="pick"]')) count();
    if (event.target.matches("[data-keys-off]")) localStorage.setItem(OFF, event.target.checked ? "1" : "0");
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-help]")) help();
  });

  // The first key stops the smooth way down to the field, so what was found is brought into sight when it is there.
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail?.ctx?.sourceElement?.id !== "filters") return;
    document.querySelector("[data-row] [data-open]")?.scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("htmx:after:swap", ready);
  ready();
})();
