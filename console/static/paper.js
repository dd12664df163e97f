// Fills the form of the paper, and enters nothing: for each empty line the adult whom the family has named for the date,
// as the day sheet has it, with one time for all. Whoever enters looks through them with the paper in hand.
(() => {
  const box = document.querySelector("[data-fill]");
  const at = box.querySelector("[data-fill-at]");
  const told = box.querySelector("[data-filled]");

  function fill(line) {
    const by = line.querySelector('select[name^="by-"]');
    const named = by?.querySelector("[data-comes]");
    const away = line.querySelector('select[name^="came-"]')?.value === "no";
    if (!named || by.value || away || line.querySelector('input[name^="name-"]').value) return 0;
    by.value = named.value;
    const left = line.querySelector('input[name^="left-"]');
    left.value ||= at.value;
    return 1;
  }

  box.querySelector("[data-fill-lines]").addEventListener("click", () => {
    const lines = [...box.closest("form").querySelectorAll("section")];
    told.textContent = `${told.dataset.filled} ${lines.reduce((sum, line) => sum + fill(line), 0)}`;
  });
})();
