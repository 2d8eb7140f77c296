// Search over paths, in the map and in the tables.

const MOST_FOUND = 40;

class Search {
  constructor(map, tables) {
    this.map = map;
    this.tables = tables;
    this.data = map.data;
    this.found = document.getElementById("found");
    this.only = document.getElementById("only");
    const query = document.getElementById("query");
    let later = 0;
    query.addEventListener("input", () => {
      clearTimeout(later);
      later = setTimeout(() => this.run(query.value), 150);
    });
    document.getElementById("find").addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(later);
      this.run(query.value);
    });
    this.only.addEventListener("change", () => {
      map.only = this.only.checked;
      map.draw();
    });
  }

  // Paths in small letters, made once.
  paths() {
    if (!this.lower) {
      const lower = [""];
      for (let row = 1; row < this.data.rows; row++) {
        const fold = this.data.kind[row] === FOLD;
        lower.push(`${lower[this.data.parent[row]]}/${fold ? "" : this.data.name[row].toLowerCase()}`);
      }
      this.lower = lower;
    }
    return this.lower;
  }

  run(text) {
    const query = text.trim().toLowerCase();
    const { map, data } = this;
    map.query = query;
    map.matches = null;
    if (query) {
      const paths = this.paths();
      map.matches = Uint8Array.from({ length: data.rows }, (_, row) => Number(row > 0 && paths[row].includes(query)));
    }
    this.only.disabled = !query;
    if (!query) this.only.checked = map.only = false;
    for (const tree of map.views.values()) map.match(tree);
    map.draw();
    this.list();
    for (const table of this.tables) table.filter(query);
  }

  list() {
    const { map } = this;
    this.found.hidden = map.matches === null;
    if (map.matches === null) return;
    const tree = map.tree(this.data.views[0]);
    const nodes = tree.nodes.filter((node) => map.matches[node.row] && !node.kids.length);
    nodes.sort((a, b) => b.bytes - a.bytes || a.row - b.row);
    const bytes = nodes.reduce((sum, node) => sum + node.bytes, 0);
    const count = `${nodes.length.toLocaleString("en")} ${nodes.length === 1 ? "path matches" : "paths match"}, ${human(bytes)}`;
    const items = nodes.slice(0, MOST_FOUND).map((node) => {
      const button = element("button", { type: "button" }, pathOf(this.data, node.row));
      button.addEventListener("click", () => this.go(node));
      return element("li", {}, element("span", {}, human(node.bytes)), button);
    });
    const more = nodes.length - items.length;
    const rest = more > 0 ? [element("p", { class: "note" }, `and ${more.toLocaleString("en")} more`)] : [];
    this.found.replaceChildren(element("p", { role: "status" }, count), element("ol", {}, ...items), ...rest);
  }

  go(node) {
    const { map } = this;
    map.change(() => map.open(this.data.views[0], node.up));
    map.focus(node);
    map.canvas.scrollIntoView({ block: "nearest" });
  }
}

// How many bytes of each node match.
ByteMap.prototype.match = function match(tree) {
  for (const node of tree.nodes) {
    const named = node.row > 0 ? this.matches && this.matches[node.row] : this.query && node.name.toLowerCase().includes(this.query);
    node.hit = named ? node.own : 0;
  }
  for (let at = tree.nodes.length - 1; at > 0; at--) tree.nodes[at].up.hit += tree.nodes[at].hit;
};
