// A picture goes with a message: chosen, uploaded, checked, seen by the other.

import { deflateSync } from 'node:zlib';
import { Pane } from './pane.mjs';
import { equal, until } from './stage.mjs';

const [WIDTH, HEIGHT] = [640, 480];

const crcs = Array.from({ length: 256 }, (_, n) => {
  let rest = n;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest >>> 0;
});

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const crc = body.reduce((sum, byte) => crcs[(sum ^ byte) & 255] ^ (sum >>> 8), 0xffffffff);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return Buffer.concat([length, body, check]);
}

/** A PNG of an evening sky over the sea. */
function evening() {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(WIDTH, 0);
  head.writeUInt32BE(HEIGHT, 4);
  head.set([8, 2], 8);
  const rows = Buffer.alloc(HEIGHT * (WIDTH * 3 + 1));
  for (let y = 0; y < HEIGHT; y += 1) {
    const dusk = y / HEIGHT;
    for (let x = 0; x < WIDTH; x += 1) {
      const sun = Math.hypot(x - 430, y - 270) < 54 && y < 300;
      const colour = sun ? [255, 214, 140] : y < 300
        ? [70 + 170 * dusk, 70 + 90 * dusk, 140 - 10 * dusk] : [40, 52 + 30 * (1 - dusk), 92];
      rows.set(colour.map(Math.round), y * (WIDTH * 3 + 1) + 1 + x * 3);
    }
  }
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

export async function pictures(stage) {
  const check = (name, act) => stage.check(name, act);
  const ann = new Pane(await stage.enter('ann'));
  const ben = new Pane(await stage.enter('ben'), 'right');
  await ann.signIn('Ann');
  await ben.signIn('Ben');
  await ann.entry('Ben').click();
  const choose = (name, mimeType, buffer) => ann.root.locator('input[type="file"]')
    .setInputFiles({ name, mimeType, buffer });
  const waiting = ann.ref('tray').locator('li');

  await check('what is no picture is refused in words and can be taken away', async () => {
    await stage.refused(400, async () => {
      await choose('broken.png', 'image/png', Buffer.from('this is no picture at all'));
      await waiting.getByText('could not be read').waitFor();
    });
    await ann.button('Remove broken.png').click();
    equal(await waiting.count(), 0, 'pictures that wait');
  });

  await check('a picture is uploaded and waits for its message', async () => {
    await choose('evening.png', 'image/png', evening());
    await until('it was checked', async () =>
      await waiting.getAttribute('data-state') === 'ready', 15_000);
    await stage.picture('tray');
    await ann.write('From the harbour');
    await ann.shows('From the harbour', 'Delivered');
    await ann.hasCredits(99);
    equal(await waiting.count(), 0, 'pictures that wait');
  });

  await check('the other one sees it', async () => {
    await ben.entry('Ann').click();
    const picture = ben.message('From the harbour').locator('img');
    await until('it is drawn', () => picture.evaluate((node) => node.naturalWidth === 640));
    await ann.shows('From the harbour', 'Read');
    await stage.picture('picture');
  });

  await check('a picture needs no words; deleted, it is gone for both', async () => {
    await choose('again.png', 'image/png', evening());
    await until('it was checked', async () =>
      await waiting.getAttribute('data-state') === 'ready', 15_000);
    await ann.button('Send').click();
    await until('both are there', async () => await ben.root.locator('.picture').count() === 2);
    equal(await ann.entry('Ben').locator('.preview').textContent(), 'Picture', 'the preview');
    await ann.messageOption('', 'Delete for everyone');
    await until('one is left', async () => await ben.root.locator('.picture').count() === 1);
  });
}
