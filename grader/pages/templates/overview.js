"use strict";
(() => {
  const PAGE = 100;
  const HEADS = ["submission", "id", "status", "score", "bonus", "final", "marks", "causes", "seconds"];
  const NUMBERS = new Set([3, 4, 5, 8]);
  const CLOSE = 9;
  const all = JSON.parse(document.getElementById("data").textContent);
  const words = all.map((row) => [row[0], row[1], row[7]].join("\n").toLowerCase());
  const part = (name) => document.getElementById(name);
  let shown = all.map((_, at) => at);
  let first = 0;
  let sorted = { column: 0, down: false };

  const compare = (one, other) => {
    const a = all[one][sorted.column];
    const b = all[other][sorted.column];
    if (a === b) return one - other;
    if (a === null || b === null) return a === null ? 1 : -1; // what has no number is last
    const order = NUMBERS.has(sorted.column) ? a - b : String(a).localeCompare(String(b));
    return sorted.down ? -order : order;
  };

  const choose = () => {
    const wanted = part("search").value.trim().toLowerCase();
    const status = part("status").value;
    const close = part("close").checked;
    shown = [];
    all.forEach((row, at) => {
      if (status && row[2] !== status) return;
      if (close && !row[CLOSE]) return;
      if (wanted && !words[at].includes(wanted)) return;
      shown.push(at);
    });
    shown.sort(compare);
    first = 0;
    draw();
  };

  const draw = () => {
    const rows = shown.slice(first, first + PAGE).map((at) => {
      const line = document.createElement("tr");
      HEADS.forEach((_, column) => {
        const cell = document.createElement(column ? "td" : "th");
        if (!column) cell.scope = "row";
        if (NUMBERS.has(column)) cell.className = "num";
        if (column === 6) cell.className = "marks";
        const value = all[at][column];
        cell.textContent = value === null ? "" : String(value);
        line.append(cell);
      });
      return line;
    });
    part("rows").replaceChildren(...rows);
    const last = Math.min(first + PAGE, shown.length);
    part("count").textContent = `${shown.length} of ${all.length}`;
    part("place").textContent = shown.length ? `${first + 1} to ${last} of ${shown.length}` : "none";
    part("before").disabled = first === 0;
    part("after").disabled = last >= shown.length;
  };

  HEADS.forEach((name, column) => {
    const head = document.createElement("th");
    head.scope = "col";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => {
      sorted = { column, down: sorted.column === column && !sorted.down };
      document.querySelectorAll("#heads th").forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      choose();
    });
    head.append(button);
    part("heads").append(head);
  });
  part("search").addEventListener("input", choose);
  part("status").addEventListener("change", choose);
  part("close").addEventListener("change", choose);
  part("before").addEventListener("click", () => { first = Math.max(0, first - PAGE); draw(); });
  part("after").addEventListener("click", () => { first += PAGE; draw(); });
  choose();
})();
