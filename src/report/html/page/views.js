// Trees of bytes, one for each way of looking at them. A node knows its bytes
// and how many of them are bad (wasted, removed) or soft (caches, added).

function newNode(name, up, row) {
  const node = { name, up, row, kids: [], bytes: 0, bad: 0, soft: 0, files: 0, own: 0, hit: 0 };
  if (up) up.kids.push(node);
  return node;
}

// All nodes of a view; those of directories come before what is in them.
function makeView(data, view) {
  const make = { paths: pathView, groups: groupView, listed: listedView }[view.kind];
  const nodes = make(data, view);
  for (let at = nodes.length - 1; at > 0; at--) {
    const { up, bytes, bad, soft, files } = nodes[at];
    up.bytes += bytes;
    up.bad += bad;
    up.soft += soft;
    up.files += files;
  }
  for (const node of nodes) node.kids.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  return { ...view, nodes, root: nodes[0] };
}

function addPart(data, node, part) {
  const bytes = data.bytes[part];
  const style = data.marks[data.mark[part]].style;
  node.own += bytes;
  node.bytes += bytes;
  if (style === "bad") node.bad += bytes;
  if (style === "soft") node.soft += bytes;
}

function countOf(data, row) {
  if (data.kind[row] === FOLD) return data.paths.get(row);
  return data.kind[row] === DIRECTORY ? 0 : 1;
}

function pathView(data) {
  const nodes = [];
  for (let row = 0; row < data.rows; row++) {
    const up = row ? nodes[data.parent[row]] : null;
    const node = newNode(row ? nameOf(data, row) : "/", up, row);
    node.files = countOf(data, row);
    for (let part = data.first[row]; part < data.first[row + 1]; part++) addPart(data, node, part);
    nodes.push(node);
  }
  return nodes;
}

function groupView(data, view) {
  const root = newNode("all", null, -1);
  const nodes = [root];
  const tops = view.labels.map((label) => {
    const top = newNode(label, root, -1);
    nodes.push(top);
    return top;
  });
  const known = tops.map((top) => new Map([[0, top]]));
  const find = (group, row) => {
    const found = known[group].get(row);
    if (found) return found;
    const node = newNode(nameOf(data, row), find(group, data.parent[row]), row);
    nodes.push(node);
    known[group].set(row, node);
    return node;
  };
  for (let row = 0; row < data.rows; row++) {
    for (let part = data.first[row]; part < data.first[row + 1]; part++) {
      const node = find(view.of[data.group[part]], row);
      node.files = Math.max(countOf(data, row), 1);
      addPart(data, node, part);
    }
  }
  return nodes;
}

function listedView(data, view) {
  const root = newNode("all", null, -1);
  const nodes = [root];
  for (const group of view.groups) {
    const top = newNode(group.name, root, -1);
    nodes.push(top);
    const add = (name, bytes, files) => {
      const node = newNode(name, top, -1);
      Object.assign(node, { bytes, own: bytes, files });
      nodes.push(node);
    };
    for (const [name, bytes, files] of group.items) add(name, bytes, files);
    const [more, bytes, files] = group.more;
    if (more) add(`${more} smaller ones`, bytes, files);
  }
  return nodes;
}

function ancestors(node) {
  const way = [];
  for (let at = node; at; at = at.up) way.push(at);
  return way.reverse();
}

function human(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 999.5 && unit < 5; unit++) value /= 1000;
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${["kB", "MB", "GB", "TB", "PB", "EB"][unit]}`;
}

function exactly(bytes) {
  return `${bytes.toLocaleString("en")} ${bytes === 1 ? "byte" : "bytes"}`;
}
