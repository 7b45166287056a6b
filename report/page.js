// Makes the tables sortable; without it they are merely in the order of the measurement.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const value = (row, i) => {
    const v = row.cells[i].dataset.value;
    return v === undefined ? row.cells[i].textContent : Number(v);
  };
  const missing = (row, i) => row.cells[i].classList.contains("none");
  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = Array.from(body.rows);
      rows.sort((a, b) => {
        if (missing(a, i) || missing(b, i)) return missing(a, i) - missing(b, i);
        const x = value(a, i), y = value(b, i);
        return (x > y ? 1 : x === y ? 0 : -1) * (down ? -1 : 1);
      });
      body.append(...rows);
    });
  });
}
