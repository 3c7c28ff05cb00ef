// A conversation is kept quiet for a while.

import { talking } from './pane.mjs';
import { equal, until } from './stage.mjs';

export async function mute(stage) {
  const check = (name, act) => stage.check(name, act);
  const { ann, ben } = await talking(stage);

  await check('a muted conversation counts, but quietly', async () => {
    await ann.option('Mute for an hour');
    await until('the mark', async () => (await ann.ref('standing').textContent())
      .startsWith('muted until'));
    await ann.page.keyboard.press('Escape');
    await ben.write('are you there?');
    await until('a badge', async () => await ann.badge('Ben') === '1');
    equal(await ann.page.title(), 'Pairly', 'the title');
    await ann.entry('Ben').click();
    await ann.option('Unmute');
    await until('no mark', async () => await ann.ref('standing').textContent() === '');
  });
}
