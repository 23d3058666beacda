// Tables of class "sortable": a button in each heading sorts by it, up and then down. Without scripts they stay as they are.
(() => {
  "use strict";
  const { compare } = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();

  document.querySelectorAll("table.sortable").forEach((table) => {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = head.textContent;
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        const numeric = head.classList.contains("number");
        const rows = Array.from(table.tBodies[0].rows);
        const worth = (row) => {
          const text = valueOf(row, column);
          return numeric ? (text === "" ? -Infinity : Number(text)) : text;
        };
        const order = (one, other) => (numeric ? worth(one) - worth(other) || 0 : compare(worth(one), worth(other)));
        rows.sort((one, other) => (down ? order(other, one) : order(one, other)));
        table.tBodies[0].append(...rows);
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
      });
      head.replaceChildren(button);
    });
  });
})();
