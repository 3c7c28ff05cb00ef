// ---- QR codes (ISO/IEC 18004): bytes at level L, versions 1 to 10: enough for an address --------

/** Bytes of a whole symbol, of the check of one block, and blocks, by version. */
const QR_TOTAL = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346];
const QR_CHECK = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18];
const QR_BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4];
/** Where the small squares lie that straighten a tilted picture. */
const QR_MARKS = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42],
  [6, 26, 46], [6, 28, 50]];
const QR_MASKS = [(x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2];

/** Product in the field of 256 elements. */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

/** Reed-Solomon check bytes: the remainder of the data by a generator of that degree. */
function checkOf(data, degree) {
  const generator = Array(degree).fill(0);
  generator[degree - 1] = 1;
  for (let n = 0, root = 1; n < degree; n += 1, root = times(root, 2)) {
    for (let at = 0; at < degree; at += 1) {
      generator[at] = times(generator[at], root) ^ (generator[at + 1] ?? 0);
    }
  }
  const rest = Array(degree).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    generator.forEach((one, at) => { rest[at] ^= times(one, factor); });
  }
  return rest;
}

/** All bytes of a symbol in their order; null when the text is too long. */
function qrBytes(text) {
  const data = [...new TextEncoder().encode(text)];
  const version = QR_TOTAL.findIndex((total, n) =>
    total - QR_CHECK[n] * QR_BLOCKS[n] >= data.length + (n < 9 ? 2 : 3));
  if (version < 0) return null;
  const [blocks, check] = [QR_BLOCKS[version], QR_CHECK[version]];
  const room = QR_TOTAL[version] - check * blocks;
  let bits = `0100${data.length.toString(2).padStart(version < 9 ? 8 : 16, '0')}`;
  for (const byte of data) bits += byte.toString(2).padStart(8, '0');
  bits = bits.padEnd(Math.min(room * 8, bits.length + 4), '0');
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g)
    .map((byte) => Number.parseInt(byte, 2));
  for (let pad = 0; bytes.length < room; pad += 1) bytes.push(pad % 2 ? 0x11 : 0xec);
  // The first blocks are one byte shorter where the data does not divide evenly.
  const short = Math.floor(room / blocks);
  const parts = Array.from({ length: blocks }, (_, n) =>
    bytes.splice(0, short + (n >= blocks - (room % blocks) ? 1 : 0)));
  const checks = parts.map((part) => checkOf(part, check));
  const woven = (rows) => Array.from({ length: Math.max(...rows.map((one) => one.length)) },
    (_, at) => rows.map((one) => one[at])).flat().filter((byte) => byte !== undefined);
  return { version, bytes: [...woven(parts), ...woven(checks)] };
}

/** The fixed figures of a symbol; `set` notes a module that carries no data. */
function drawFigures(version, set) {
  const size = 21 + 4 * version;
  for (let n = 0; n < size; n += 1) {
    set(6, n, n % 2 === 0);
    set(n, 6, n % 2 === 0);
  }
  const marks = QR_MARKS[version];
  const last = marks.length - 1;
  marks.forEach((x, i) => marks.forEach((y, j) => {
    if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
    for (let dx = -2; dx <= 2; dx += 1) {
      for (let dy = -2; dy <= 2; dy += 1) {
        set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
      }
    }
  }));
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) {
    for (let dx = -4; dx <= 4; dx += 1) {
      for (let dy = -4; dy <= 4; dy += 1) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        set(x + dx, y + dy, ring !== 2 && ring !== 4);
      }
    }
  }
}

/** Appends the remainder of a division of bits: the check of format and version. */
function withCheck(value, divisor, degree) {
  let rest = value;
  for (let n = 0; n < degree; n += 1) rest = (rest << 1) ^ ((rest >> (degree - 1)) * divisor);
  return (value << degree) | rest;
}

function drawFormat(version, mask, set) {
  const size = 21 + 4 * version;
  const format = withCheck(8 | mask, 0x537, 10) ^ 0x5412;
  for (let n = 0; n < 15; n += 1) {
    const on = ((format >> n) & 1) === 1;
    if (n < 8) {
      set(8, n < 6 ? n : n + 1, on);
      set(size - 1 - n, 8, on);
    } else {
      set(n === 8 ? 7 : 14 - n, 8, on);
      set(8, size - 15 + n, on);
    }
  }
  set(8, size - 8, true);
  if (version < 6) return;
  const number = withCheck(version + 1, 0x1f25, 12);
  for (let n = 0; n < 18; n += 1) {
    const [a, b] = [size - 11 + (n % 3), Math.floor(n / 3)];
    set(a, b, ((number >> n) & 1) === 1);
    set(b, a, ((number >> n) & 1) === 1);
  }
}

/** Every module of a symbol under one mask: rows of true (dark) and false. */
function qrRows({ version, bytes }, mask) {
  const size = 21 + 4 * version;
  const rows = Array.from({ length: size }, () => Array(size).fill(null));
  const set = (x, y, on) => { if (rows[y]?.[x] !== undefined) rows[y][x] = on; };
  drawFigures(version, set);
  drawFormat(version, mask, set);
  let at = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const up = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step += 1) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (rows[y][x] !== null) continue;
        const on = ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
        rows[y][x] = (on === 1) !== (QR_MASKS[mask](x, y) === 0);
        at += 1;
      }
    }
  }
  return rows;
}

/** How many neighbours are alike: cameras find a symbol of few the easiest. */
const sameness = (rows) => rows.reduce((sum, line, y) => sum + line.filter((on, x) =>
  on === line[x + 1] && on === rows[y + 1]?.[x]).length, 0);

/** A picture of a text that a phone can read; null when the text is too long for one. */
function makeQr(text) {
  const symbol = qrBytes(text);
  if (!symbol) return null;
  const choices = QR_MASKS.map((_, mask) => qrRows(symbol, mask));
  const rows = choices.reduce((best, one) => (sameness(one) < sameness(best) ? one : best));
  const space = 'http://www.w3.org/2000/svg';
  const [svg, path] = ['svg', 'path'].map((tag) => document.createElementNS(space, tag));
  const side = rows.length + 8;
  svg.setAttribute('viewBox', `0 0 ${side} ${side}`);
  svg.setAttribute('class', 'qr');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'QR code of the secret below');
  path.setAttribute('d', rows.flatMap((line, y) => line.map((on, x) =>
    (on ? `M${x + 4} ${y + 4}h1v1h-1z` : ''))).join(''));
  svg.append(path);
  return svg;
}
