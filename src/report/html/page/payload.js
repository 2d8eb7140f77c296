// The data of the page: an image's paths in the order of a walk, and the bytes
// stored for each. What is where is told in src/report/html/map/encode.rs.

class Unreadable extends Error {}

async function readPayload(text) {
  if (typeof DecompressionStream !== "function") {
    throw new Unreadable("This browser cannot unpack the data of the maps: it has no DecompressionStream. "
      + "Browsers of 2023 and later have it. The tables are complete without the maps.");
  }
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  let unpacker;
  try {
    unpacker = new DecompressionStream("deflate-raw");
  } catch {
    throw new Unreadable("This browser cannot unpack the data of the maps: it does not know deflate-raw. "
      + "The tables are complete without the maps.");
  }
  const stream = new Blob([packed]).stream().pipeThrough(unpacker);
  return decode(new Uint8Array(await new Response(stream).arrayBuffer()));
}

function decode(bytes) {
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  const number = () => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  const column = (count) => Array.from({ length: count }, number);

  const { rows, parts } = facts;
  const parent = new Int32Array(rows);
  const way = [];
  for (let row = 0; row < rows; row++) {
    const up = number();
    way.length -= Math.min(up, way.length);
    parent[row] = way.length ? way[way.length - 1] : -1;
    way.push(row);
  }
  const kind = bytes.slice(at, at + rows);
  at += rows;
  const shared = column(rows);
  const own = column(rows);
  const name = names(bytes, at, shared, own);
  at += own.reduce((sum, length) => sum + length, 0);
  const paths = new Map();
  kind.forEach((kind, row) => {
    if (kind === FOLD) paths.set(row, number());
  });
  const first = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) first[row + 1] = first[row] + number();
  return {
    ...facts, parent, kind, name, paths, first,
    group: column(parts), mark: column(parts), bytes: column(parts),
  };
}

const DIRECTORY = 0;
const HARD_LINK = 2;
const OTHER = 3;
const FOLD = 4;

// Each name begins with some bytes of the one before.
function names(bytes, at, shared, own) {
  const decoder = new TextDecoder();
  let buffer = new Uint8Array(4096);
  return shared.map((kept, row) => {
    const length = kept + own[row];
    if (length > buffer.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(buffer);
      buffer = larger;
    }
    buffer.set(bytes.subarray(at, at + own[row]), kept);
    at += own[row];
    return decoder.decode(buffer.subarray(0, length));
  });
}

function pathOf(data, row) {
  const names = [];
  for (let at = row; at > 0; at = data.parent[at]) names.push(nameOf(data, at));
  return "/" + names.reverse().join("/");
}

function nameOf(data, row) {
  if (data.kind[row] !== FOLD) return data.name[row];
  const paths = data.paths.get(row);
  return paths === 1 ? "1 small file" : `${paths.toLocaleString("en")} small files`;
}
