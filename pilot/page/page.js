// Without this the page reads all the same: costs are those of the figures given, and commands are copied by hand.
(() => {
  const field = (id) => Math.max(0, Number(document.getElementById(id).value) || 0);
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  const size = (bytes, unit = 0) => {
    if (bytes >= 999.5) return units[unit + 1] ? size(bytes / 1000, unit + 1) : bytes.toFixed(0) + "\u00a0" + units[unit];
    return bytes.toFixed(unit === 0 || bytes >= 100 ? 0 : 1) + "\u00a0" + units[unit];
  };
  const money = (v) => v >= 100 ? Math.round(v).toLocaleString("en-US") : v.toFixed(2);
  const update = () => {
    for (const row of document.querySelectorAll(".costs tbody tr")) {
      const day = Number(row.dataset.bytes) * field("per-day") * field("cameras");
      row.cells[2].textContent = size(day);
      row.cells[3].textContent = money(day / 1e9 * field("price") * 365);
    }
  };
  for (const id of ["per-day", "cameras", "price"]) document.getElementById(id).addEventListener("input", update);
  for (const form of document.forms) form.addEventListener("submit", (e) => e.preventDefault());
  const unfold = () => {
    const target = document.querySelector(location.hash || "#verdict");
    const folded = target ? target.closest("details") : null;
    if (folded) { folded.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("details")) d.open = true; });
  if (navigator.clipboard) {
    for (const pre of document.querySelectorAll("pre.copy")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = document.body.dataset.copy;
      button.addEventListener("click", () => navigator.clipboard.writeText(pre.querySelector("code").textContent)
        .then(() => { button.textContent = document.body.dataset.copied; }, () => {}));
      pre.append(button);
    }
  }
})();
