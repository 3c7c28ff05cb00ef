// Words are found in the own conversations, and a hit leads to its message.

import { Pane } from './pane.mjs';
import { equal, until } from './stage.mjs';

/** More than a conversation shows at first, so that a hit lies above. */
const BETWEEN = 42;

export async function search(stage) {
  const check = (name, act) => stage.check(name, act);
  const people = await stage.people();
  const [annToken, benToken] = [await stage.tokenOf(people.ann), await stage.tokenOf(people.ben)];
  await stage.say(annToken, people.ben.user_id, 'The Harbour café has cinnamon rolls');
  for (let n = 0; n < BETWEEN; n += 1) await stage.say(annToken, people.ben.user_id, `line ${n}`);
  await stage.say(benToken, people.ann.user_id, 'Meet me at the harbour on Sunday');
  await stage.say(annToken, people.cleo.user_id, 'Cleo, the harbour was lovely');
  const ann = new Pane(await stage.enter('ann'));
  await ann.signIn('Ann');
  const look = async (words) => {
    await ann.root.getByLabel('Search messages').fill(words);
    await ann.page.keyboard.press('Enter');
  };
  const hits = ann.ref('hits').locator('li');

  await check('a word is found in all own conversations and marked', async () => {
    await look('harbour');
    await until('three hits', async () => await hits.count() === 3);
    const marked = await hits.locator('mark').allTextContents();
    equal(marked.join(), 'harbour,harbour,Harbour', 'marks');
    equal(await ann.entry('Say hello').isVisible(), false, 'the conversations');
    await stage.picture('search');
  });

  await check('a hit far above is brought to the eye and pointed at', async () => {
    await hits.last().getByRole('button').press('Enter');
    const message = ann.message('cinnamon');
    await message.waitFor();
    await until('it is pointed at', () => message.evaluate((node) => {
      const box = node.getBoundingClientRect();
      const frame = node.closest('.scroller').getBoundingClientRect();
      return node.classList.contains('pointed') && document.activeElement === node
        && box.top >= frame.top && box.bottom <= frame.bottom;
    }));
    equal(await ann.messages.count(), BETWEEN + 2, 'messages without a hole');
  });

  await check('only this conversation; both words must be there', async () => {
    await ann.button('Search in this conversation').click();
    await until('two hits', async () => await hits.count() === 2);
    await look('sunday harbour');
    await until('one hit', async () => await hits.count() === 1);
    equal(await hits.locator('mark').count(), 2, 'marks');
    await ann.button('All', { exact: true }).click();
    await look('zeppelin');
    await ann.ref('outcome').getByText('Nothing found.').waitFor();
    await ann.page.keyboard.press('Escape');
    await ann.entry('Cleo').waitFor();
  });

  await check('on a phone the hits have the pane, and a hit opens over them', async () => {
    const page = await stage.enter('phone', { viewport: { width: 360, height: 720 },
      hasTouch: true, isMobile: true, colorScheme: 'dark' });
    const phone = new Pane(page);
    await phone.signIn('Ann');
    await phone.entry('Ben').tap();
    await phone.button('Search in this conversation').tap();
    await phone.root.getByLabel('Search messages').fill('harbour');
    await page.keyboard.press('Enter');
    const found = phone.ref('hits').locator('li');
    await until('two hits', async () => await found.count() === 2);
    equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false,
      'sideways');
    await stage.picture('search');
    await found.last().getByRole('button').tap();
    await until('it is shown', () => phone.message('cinnamon').isVisible());
  });
}
