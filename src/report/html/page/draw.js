// Boxes as SVG. Text goes in as text and nothing else: names are strangers'.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const round = (number) => Math.round(number * 100) / 100;

// Widths of characters, measured once.
const measure = (() => {
  const widths = new Map();
  let context = null;
  return (character) => {
    let width = widths.get(character);
    if (width === undefined) {
      context = context || document.createElement("canvas").getContext("2d");
      context.font = "600 11.5px system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif";
      width = context.measureText(character).width;
      widths.set(character, width);
    }
    return width;
  };
})();

function measureText(text) {
  return [...text].reduce((width, character) => width + measure(character), 0);
}

// As much of a text as fits, or nothing where that would say nothing.
function fit(text, room) {
  const dots = measure("\u2026");
  let width = 0;
  let end = 0;
  let cut = 0;
  for (const character of text) {
    width += measure(character);
    if (width > room) return cut >= 2 ? `${text.slice(0, cut)}\u2026` : "";
    end += character.length;
    if (width + dots <= room) cut = end;
  }
  return text;
}

function boxName(box) {
  return box.node ? box.node.name : `${box.count.toLocaleString("en")} smaller ones`;
}

// The parts of a box's bytes that are bad or soft.
function partsOf(box) {
  const of = box.node ? [box.node] : box.of;
  const sums = { bytes: 0, bad: 0, soft: 0 };
  for (const node of of) {
    sums.bytes += node.bytes;
    sums.bad += node.bad;
    sums.soft += node.soft;
  }
  return sums;
}

function drawBox(box, level, describe, dim) {
  const { x, y, w, h } = box;
  const classes = ["box"];
  if (box.open) classes.push("open");
  if (dim) classes.push("dim");
  const sums = partsOf(box);
  const marked = sums.bad + sums.soft > 0 && !box.open;
  if (marked) classes.push("marked");
  const group = shape("g", { class: classes.join(" "), role: "treeitem", tabindex: -1, "aria-level": level, "aria-label": describe(box) });
  if (box.open) group.setAttribute("aria-expanded", "true");
  const size = { x: round(x), y: round(y), width: round(Math.max(w, 0)), height: round(Math.max(h, 0)) };
  group.append(shape("rect", { class: `face ${box.node ? `h${box.hue}` : "rest-face"}`, ...size }));
  if (marked || (box.open && box.h <= 26 && sums.bad + sums.soft > 0)) drawParts(group, box, sums);
  drawText(group, box, sums);
  group.append(shape("rect", { class: "ring", x: round(x + 1.5), y: round(y + 1.5), width: round(Math.max(w - 3, 1)), height: round(Math.max(h - 3, 1)) }));
  return group;
}

// Bad bytes fill a box from the right, soft ones beside them, to scale; what is
// open in an icicle shows them as a strip below.
function drawParts(group, box, sums) {
  const strip = box.open ? 5 : box.h - 1;
  const y = box.y + box.h - strip - 0.5;
  const room = box.w - 1;
  let right = box.x + box.w - 0.5;
  for (const kind of ["bad", "soft"]) {
    if (!sums[kind] || !sums.bytes) continue;
    const width = (room * sums[kind]) / sums.bytes;
    right -= width;
    if (width > 0.3 && strip > 0) {
      group.append(shape("rect", { class: `${kind}-part`, x: round(right), y: round(y), width: round(width), height: round(strip) }));
    }
  }
}

function drawText(group, box, sums) {
  if (box.h < 13 || box.w < 26) return;
  const room = box.w - 8;
  // Each text apart: names that run from right to left must not mix with sizes.
  const write = (texts, dy, name) => {
    const made = shape("text", { x: round(box.x + 4), y: round(box.y + dy), ...(name && { class: name }) });
    for (const text of texts) {
      const span = shape("tspan", {});
      span.textContent = text;
      made.append(span);
    }
    group.append(made);
  };
  const name = boxName(box);
  const size = human(sums.bytes);
  // A size is whole or not there.
  const beside = `\u00a0\u00a0${size}`;
  if (box.h <= 26 || box.open) {
    const left = room - measureText(beside);
    const whole = fit(name, left) === name;
    const texts = whole || room > 150 ? [fit(name, left), beside] : [fit(name, room)];
    if (texts[0]) write(texts, box.h > 26 ? 13 : box.h / 2 + 4);
    return;
  }
  const text = fit(name, room);
  if (!text) return;
  write([text], 14);
  if (box.h > 30 && measureText(size) <= room) write([size], 27, "figure-text");
}
