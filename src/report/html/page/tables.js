// Tables that are sorted by their columns, filtered by the search, and short
// until somebody wants to see all.

const FIRST_ROWS = 20;

class SortedTable {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.heads = [...table.tHead.rows[0].cells];
    this.all = this.body.rows.length <= FIRST_ROWS + 5;
    this.query = "";
    // Only lists of paths and packages are searched.
    this.searched = table.closest("#waste, #caches, #duplicates, #packages, #paths") !== null;
    this.note = element("p", { class: "note", role: "status" });
    this.more = element("button", { type: "button", class: "more" });
    this.more.addEventListener("click", () => {
      this.all = !this.all;
      this.show();
    });
    table.parentElement.after(this.note, this.more);
    this.heads.forEach((head, column) => this.button(head, column));
    this.show();
  }

  button(head, column) {
    const kind = head.dataset.sort;
    if (!kind || !head.textContent) return;
    const button = element("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      // Numbers begin with the largest.
      const [first, second] = kind === "number" ? ["descending", "ascending"] : ["ascending", "descending"];
      const order = head.getAttribute("aria-sort") === first ? second : first;
      for (const other of this.heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      this.sort(column, kind, order === "ascending" ? 1 : -1);
    });
  }

  sort(column, kind, sign) {
    const key = (row) => {
      const cell = row.cells[column];
      return kind === "number" ? Number(cell.dataset.value || 0) : cell.textContent.toLowerCase();
    };
    const rows = [...this.body.rows].map((row) => ({ row, key: key(row) }));
    rows.sort((a, b) => sign * (a.key < b.key ? -1 : Number(a.key > b.key)));
    this.body.append(...rows.map(({ row }) => row));
    this.show();
  }

  filter(query) {
    if (!this.searched) return;
    this.query = query;
    this.show();
  }

  show() {
    const rows = [...this.body.rows];
    const found = rows.filter((row) => !this.query || row.textContent.toLowerCase().includes(this.query));
    const shown = new Set(this.all ? found : found.slice(0, FIRST_ROWS));
    for (const row of rows) row.hidden = !shown.has(row);
    this.note.hidden = shown.size === rows.length;
    const match = this.query ? " that match the search above" : "";
    this.note.textContent = `${shown.size} of ${found.length} rows${match} are shown.`;
    const long = rows.length > FIRST_ROWS + 5;
    this.more.hidden = !long || found.length <= FIRST_ROWS;
    this.more.setAttribute("aria-expanded", String(this.all));
    this.more.textContent = this.all ? `Show ${FIRST_ROWS} rows` : `Show ${found.length} rows`;
  }
}
