(() => {
  "use strict";
  const longest = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  const compare = {
    number: (a, b) => a - b,
    id: longest,
    text: (a, b) => a.localeCompare(b),
  };

  const sort = (table, place, header) => {
    const kind = header.dataset.kind;
    const first = kind === "text" ? "ascending" : "descending";
    const other = { ascending: "descending", descending: "ascending" };
    const now = header.getAttribute("aria-sort");
    const order = now === "none" ? first : other[now];
    for (const th of table.tHead.rows[0].cells) th.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => [row.cells[place].dataset.sort, row]);
    keyed.sort(([a], [b]) => {
      // What is not there stays behind all others, in either order.
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
      return sign * compare[kind](a, b);
    });
    body.append(...keyed.map(([, row]) => row));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((header, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, place, header));
      header.append(button);
      if (!header.hasAttribute("aria-sort")) header.setAttribute("aria-sort", "none");
    });
  }

  const all = [...document.querySelectorAll("details")];
  const contents = document.querySelector("ul.contents");
  if (contents && all.length > 1) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const isOpen = () => all.every((details) => details.open);
    const label = () => { button.textContent = isOpen() ? "Fold all" : "Open all"; };
    button.addEventListener("click", () => {
      const open = !isOpen();
      for (const details of all) details.open = open;
    });
    for (const details of all) details.addEventListener("toggle", label);
    label();
    item.append(button);
    contents.append(item);
  }
})();
