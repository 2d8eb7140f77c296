// Where each node of a map is drawn. A layout is a list of boxes, each before
// what is inside of it; children too small to be seen share one box.

const MOST_BOXES = 2200;
const HEAD = 18;
const GAP = 2;
const SMALLEST = 14;

function shares(node, value, smallest) {
  const kids = node.kids.filter((kid) => value(kid) > 0);
  if (value !== bytesOf) kids.sort((a, b) => value(b) - value(a));
  let end = kids.findIndex((kid) => value(kid) < smallest);
  if (end < 0) end = kids.length;
  end = Math.min(end, 400);
  // One small one alone needs no box for several.
  if (kids.length - end === 1) end = kids.length;
  const shown = kids.slice(0, end).map((node) => ({ node, value: value(node), count: 1 }));
  const rest = kids.slice(end);
  if (rest.length) {
    const sum = rest.reduce((sum, kid) => sum + value(kid), 0);
    shown.push({ node: null, value: sum, count: rest.length, of: rest });
  }
  return shown;
}

function bytesOf(node) {
  return node.bytes;
}

function treemap(root, value, width, height) {
  const boxes = [];
  const todo = [{ node: root, x: 0, y: 0, w: width, h: height, depth: 0, parent: null, hue: -1 }];
  // Level by level, so that large boxes are drawn whatever the limit cuts.
  for (let at = 0; at < todo.length && boxes.length < MOST_BOXES; at++) {
    const outer = todo[at];
    const scale = value(outer.node) / (outer.w * outer.h);
    const kids = shares(outer.node, value, SMALLEST * scale);
    let index = 0;
    for (const box of squarify(kids, outer)) {
      const hue = outer.hue < 0 ? index++ % 8 : outer.hue;
      const drawn = { ...box, depth: outer.depth, parent: outer.box || null, hue, open: false };
      boxes.push(drawn);
      const inner = {
        x: box.x + GAP, y: box.y + HEAD, w: box.w - 2 * GAP, h: box.h - HEAD - GAP,
        node: box.node, depth: outer.depth + 1, box: drawn, hue,
      };
      const has = box.node && box.node.kids.some((kid) => value(kid) > 0);
      if (has && inner.w > 24 && inner.h > 12 && outer.depth < 6) {
        drawn.open = true;
        todo.push(inner);
      }
    }
  }
  return inOrder(boxes);
}

// Rows of rectangles along the shorter side, each row as long as it makes them
// squarer (Bruls, Huizing and van Wijk, 2000).
function squarify(items, { x, y, w, h }) {
  const total = items.reduce((sum, item) => sum + item.value, 0);
  const scale = total > 0 ? (w * h) / total : 0;
  const boxes = [];
  let start = 0;
  while (start < items.length) {
    const side = Math.min(w, h);
    const largest = items[start].value * scale;
    let sum = 0;
    let worst = Infinity;
    let end = start;
    for (; end < items.length; end++) {
      const area = items[end].value * scale;
      const next = sum + area;
      const ratio = Math.max((side * side * largest) / (next * next), (next * next) / (side * side * area));
      if (ratio > worst) break;
      worst = ratio;
      sum = next;
    }
    if (end === start) end++;
    const thick = side > 0 ? sum / side : 0;
    let along = 0;
    for (const item of items.slice(start, end)) {
      const long = sum > 0 ? (item.value * scale * side) / sum : 0;
      boxes.push(w >= h
        ? { ...item, x, y: y + along, w: thick, h: long }
        : { ...item, x: x + along, y, w: long, h: thick });
      along += long;
    }
    if (w >= h) {
      x += thick;
      w -= thick;
    } else {
      y += thick;
      h -= thick;
    }
    start = end;
  }
  return boxes;
}

function icicle(root, value, width, height) {
  const row = 26;
  const top = { node: root, value: value(root), count: 1, x: 0, y: 0, w: width, h: row, depth: 0, parent: null, hue: 7, open: true, top: true };
  const boxes = [top];
  const levels = Math.max(Math.floor(height / row), 3);
  for (let at = 0; at < boxes.length && boxes.length < MOST_BOXES; at++) {
    const outer = boxes[at];
    if (!outer.node || outer.depth + 1 >= levels) continue;
    const scale = outer.w / outer.value;
    let x = outer.x;
    shares(outer.node, value, 3 / scale).forEach((item, index) => {
      const w = item.value * scale;
      if (w >= 0.75) {
        const hue = outer === top ? index % 8 : outer.hue;
        boxes.push({ ...item, x, y: outer.y + row, w, h: row, depth: outer.depth + 1, parent: outer, hue, open: false });
        outer.open = true;
      }
      x += w;
    });
  }
  return inOrder(boxes);
}

// Boxes found level by level, put in the order of reading.
function inOrder(boxes) {
  const inside = new Map();
  for (const box of boxes) {
    box.kids = [];
    inside.set(box, box.kids);
  }
  const tops = [];
  for (const box of boxes) (inside.get(box.parent) || tops).push(box);
  const ordered = [];
  const todo = tops.slice().reverse();
  while (todo.length) {
    const box = todo.pop();
    ordered.push(box);
    for (let at = box.kids.length - 1; at >= 0; at--) todo.push(box.kids[at]);
  }
  return { boxes: ordered, tops };
}
