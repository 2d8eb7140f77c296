// Tables that are sorted by their columns and filtered by the search.

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const kind = head.dataset.sort;
    if (!kind || !head.textContent) return;
    const button = element("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      // Numbers begin with the largest.
      const first = kind === "number" ? "descending" : "ascending";
      const second = kind === "number" ? "ascending" : "descending";
      const order = head.getAttribute("aria-sort") === first ? second : first;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      sort(table.tBodies[0], column, kind, order === "ascending" ? 1 : -1);
    });
  });
}

function sort(body, column, kind, sign) {
  const key = (row) => {
    const cell = row.cells[column];
    return kind === "number" ? Number(cell.dataset.value || 0) : cell.textContent.toLowerCase();
  };
  const rows = [...body.rows].map((row) => ({ row, key: key(row) }));
  rows.sort((a, b) => sign * (a.key < b.key ? -1 : Number(a.key > b.key)));
  body.append(...rows.map(({ row }) => row));
}

function filterTables(query) {
  for (const table of document.querySelectorAll("table")) {
    // Only tables that name paths or packages.
    if (!table.closest("#waste, #caches, #duplicates, #packages, #paths")) continue;
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) row.hidden = query !== "" && !row.textContent.toLowerCase().includes(query);
    const hidden = rows.filter((row) => row.hidden).length;
    let note = table.parentElement.nextElementSibling;
    if (!note || !note.matches(".filtered")) {
      note = element("p", { class: "note filtered", role: "status" });
      table.parentElement.after(note);
    }
    note.hidden = hidden === 0;
    note.textContent = `${rows.length - hidden} of ${rows.length} rows match the search above.`;
  }
}
