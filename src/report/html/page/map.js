// The map on the page: which view, which place in it, and the way back.

class ByteMap {
  constructor(data) {
    this.data = data;
    this.views = new Map();
    this.form = "treemap";
    this.canvas = document.getElementById("canvas");
    this.about = document.getElementById("about");
    this.history = [];
    // What search found: a number for each row, or nothing.
    this.matches = null;
    this.query = "";
    this.only = false;
    this.buttons();
    this.legend();
    this.show(data.views[0]);
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("click", (event) => this.pick(event));
    this.canvas.addEventListener("focusin", (event) => this.tell(event.target));
    this.canvas.addEventListener("pointerover", (event) => this.tell(event.target));
    let width = 0;
    new ResizeObserver(() => {
      if (this.canvas.clientWidth !== width) this.draw();
      width = this.canvas.clientWidth;
    }).observe(this.canvas);
  }

  buttons() {
    const views = document.getElementById("views");
    for (const view of this.data.views) {
      const button = element("button", { type: "button" }, `By ${view.name}`);
      button.addEventListener("click", () => this.change(() => this.show(view)));
      view.button = button;
      views.append(button);
    }
    for (const form of ["treemap", "icicle"]) {
      const button = document.getElementById(`as-${form}`);
      button.addEventListener("click", () => {
        this.form = form;
        for (const other of ["treemap", "icicle"]) {
          document.getElementById(`as-${other}`).setAttribute("aria-pressed", String(other === form));
        }
        this.draw();
      });
    }
    this.back = document.getElementById("back");
    this.back.addEventListener("click", () => this.goBack());
  }

  legend() {
    const [bad, soft] = this.data.styles;
    const list = document.getElementById("legend");
    for (const [kind, words] of [["h0", "bytes; each colour is one item of the top level"], ["bad-part", bad], ["soft-part", soft], ["rest-face", "items too small to draw"]]) {
      const picture = shape("svg", { viewBox: "0 0 22 14", "aria-hidden": "true" });
      picture.append(shape("rect", { class: kind, x: 0.5, y: 0.5, width: 21, height: 13 }));
      list.append(element("li", {}, picture, words));
    }
  }

  // Does something that the back button undoes.
  change(act) {
    const before = { view: this.view, place: this.place };
    act();
    if (before.view !== this.view || before.place !== this.place) {
      this.history.push(before);
      this.back.disabled = false;
    }
  }

  goBack() {
    const before = this.history.pop();
    this.back.disabled = this.history.length === 0;
    if (!before) return;
    const left = this.place;
    this.open(before.view, before.place);
    this.focus(left);
  }

  // The tree of a view, made when it is first looked at.
  tree(view) {
    if (!this.views.has(view)) {
      this.views.set(view, makeView(this.data, view));
      this.match(this.views.get(view));
    }
    return this.views.get(view);
  }

  show(view) {
    this.open(view, this.tree(view).root);
  }

  open(view, place) {
    this.view = view;
    this.place = place;
    for (const other of this.data.views) {
      other.button.setAttribute("aria-pressed", String(other === view));
    }
    this.draw();
  }

  zoom(node, focus) {
    this.change(() => this.open(this.view, node));
    this.focus(focus);
  }

  up() {
    if (this.place.up) this.zoom(this.place.up, this.place);
  }

  value() {
    return this.only && this.matches ? (node) => node.hit : bytesOf;
  }

  draw() {
    this.crumbs();
    const width = Math.max(this.canvas.clientWidth, 200);
    const height = width < 600 ? 440 : 520;
    const value = this.value();
    const lay = this.form === "icicle" ? icicle : treemap;
    const { boxes, tops } = value(this.place) > 0 ? lay(this.place, value, width, height) : { boxes: [], tops: [] };
    const tall = this.form === "icicle" ? Math.max(...boxes.map((box) => box.y + box.h), 26) : height;
    const label = `${this.form} of bytes by ${this.view.name}, ${this.titleOf(this.place)}`;
    const picture = shape("svg", { viewBox: `0 0 ${width} ${tall}`, role: "tree", "aria-label": label });
    const describe = (box) => this.describe(box);
    this.boxes = new Map();
    for (const box of boxes) {
      const dim = this.matches !== null && !(box.node ? [box.node] : box.of).some((node) => node.hit > 0);
      const drawn = drawBox(box, box.depth + 1, describe, dim);
      box.drawn = drawn;
      this.boxes.set(drawn, box);
      picture.append(drawn);
    }
    this.tops = tops;
    this.enter(tops[0]);
    this.canvas.replaceChildren(picture);
    if (!boxes.length) {
      const words = shape("text", { class: "empty", x: 12, y: 24 });
      words.textContent = this.only ? "Nothing here matches." : "There are no bytes here.";
      words.setAttribute("fill", "currentColor");
      picture.append(words);
    }
    this.say(this.place, null);
  }

  // The one box that Tab comes to.
  enter(box) {
    if (this.entry) this.entry.drawn.setAttribute("tabindex", "-1");
    this.entry = box;
    if (box) box.drawn.setAttribute("tabindex", "0");
  }

  focus(node) {
    const found = node && [...this.boxes.values()].find((box) => box.node === node);
    const box = found || this.tops[0];
    if (!box) return;
    this.enter(box);
    box.drawn.focus({ preventScroll: true });
  }

  boxAt(target) {
    const drawn = target.closest && target.closest(".box");
    return drawn ? this.boxes.get(drawn) : undefined;
  }

  pick(event) {
    const box = this.boxAt(event.target);
    if (box) this.into(box);
  }

  into(box) {
    const node = box.node;
    if (!node) return this.say(null, box);
    if (box.top) return this.up();
    if (node.kids.length) return this.zoom(node, null);
    this.enter(box);
    box.drawn.focus({ preventScroll: true });
    this.say(node, box);
  }

  key(event) {
    const box = this.boxAt(event.target);
    if (!box || event.ctrlKey || event.altKey || event.metaKey) return;
    const siblings = box.parent ? box.parent.kids : this.tops;
    const at = siblings.indexOf(box);
    const go = {
      ArrowRight: () => siblings[at + 1],
      ArrowLeft: () => siblings[at - 1],
      ArrowDown: () => box.kids[0],
      ArrowUp: () => box.parent,
      Home: () => siblings[0],
      End: () => siblings[siblings.length - 1],
    }[event.key];
    if (go) {
      const next = go();
      if (next) {
        this.enter(next);
        next.drawn.focus({ preventScroll: true });
      }
    } else if (event.key === "Enter" || event.key === " ") {
      this.into(box);
    } else if (event.key === "Escape" || event.key === "Backspace") {
      this.up();
    } else {
      return;
    }
    event.preventDefault();
  }

  tell(target) {
    const box = this.boxAt(target);
    if (box) this.say(box.node, box);
  }

  titleOf(node) {
    return node.row > 0 ? pathOf(this.data, node.row) : node.name;
  }

  describe(box) {
    const sums = partsOf(box);
    const words = [boxName(box), human(sums.bytes)];
    const [bad, soft] = this.data.styles;
    if (sums.bad) words.push(`${human(sums.bad)} ${bad}`);
    if (sums.soft) words.push(`${human(sums.soft)} ${soft}`);
    return words.join(", ");
  }

  // Says below the map what a node is.
  say(node, box) {
    const sums = box ? partsOf(box) : node;
    const [bad, soft] = this.data.styles;
    const whole = this.tree(this.view).root.bytes;
    const share = whole ? ` (${((100 * sums.bytes) / whole).toFixed(1)} % of all)` : "";
    const words = [`${human(sums.bytes)}, ${exactly(sums.bytes)}${share}`];
    if (node && node.kids.length && node.files) words.push(`${node.files.toLocaleString("en")} ${node.files === 1 ? "path" : "paths"}`);
    if (sums.bad) words.push(`${human(sums.bad)} ${bad}`);
    if (sums.soft) words.push(`${human(sums.soft)} ${soft}`);
    const title = element("b", {}, node ? this.titleOf(node) : boxName(box));
    const lines = node && node.row > 0 && !node.kids.length ? this.versions(node.row) : [];
    const parts = lines.map((line) => element("span", { class: "parts" }, line));
    this.about.replaceChildren(title, `: ${words.join("; ")}`, ...parts);
  }

  // What is stored for a path, and by what.
  versions(row) {
    const { first, group, mark, bytes, groups, marks, kind } = this.data;
    if (kind[row] === HARD_LINK) return ["another name of a file that is counted at its first name"];
    const lines = [];
    for (let part = first[row]; part < first[row + 1] && lines.length < 6; part++) {
      const label = marks[mark[part]].label;
      const place = groups[group[part]];
      lines.push([exactly(bytes[part]), label, place].filter(Boolean).join(" \u00b7 "));
    }
    return lines;
  }

  crumbs() {
    const way = ancestors(this.place);
    const items = way.map((node) => {
      const here = node === this.place;
      const button = element("button", { type: "button", ...(here && { "aria-current": "location" }) }, node.name);
      if (!here) button.addEventListener("click", () => this.zoom(node, null));
      return element("li", {}, button);
    });
    document.getElementById("crumbs").replaceChildren(...items);
  }
}
