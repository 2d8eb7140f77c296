// Wakes the page up.

function themes() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const name = () => {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  dark.addEventListener("change", name);
  name();
}

async function maps() {
  const holder = document.getElementById("payload");
  if (!holder) return;
  const frame = document.getElementById("maps");
  try {
    const data = await readPayload(holder.textContent);
    frame.hidden = false;
    const map = new ByteMap(data);
    new Search(map, tables);
  } catch (error) {
    frame.hidden = true;
    const problem = document.getElementById("map-problem");
    problem.hidden = false;
    problem.textContent = error instanceof Unreadable
      ? error.message
      : `The maps cannot be drawn: ${error.message}. The tables are complete without them.`;
  }
}

themes();
const tables = [...document.querySelectorAll("table")].map((table) => new SortedTable(table));
maps();
