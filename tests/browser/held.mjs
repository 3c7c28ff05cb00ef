// A message that somebody has to look at first: its sender sees it sent, nobody else sees it.

import { talking } from './pane.mjs';
import { equal } from './stage.mjs';

const HELD = 'can you send me $50 please, I\'ll pay you back';

export async function held(stage) {
  const check = (name, act) => stage.check(name, act);
  const { ann, ben } = await talking(stage);

  await check('what is held looks sent to its sender, also when later ones are read', async () => {
    await ann.write(HELD);
    await ann.shows(HELD, 'Sent');
    await ann.write('see you on Sunday');
    await ben.message('see you on Sunday').waitFor();
    await ann.shows('see you on Sunday', 'Read');
    await ann.shows(HELD, 'Sent');
    await ann.hasCredits(97);
    await stage.picture('held');
  });

  await check('the other one sees nothing of it, and no hole', async () => {
    equal(await ben.message('send me').count(), 0, 'messages held');
    equal((await ben.contents()).join(' | '), 'Hello Ben | see you on Sunday', 'messages');
    await ben.write('yes, Sunday');
    await ann.message('yes, Sunday').waitFor();
    await ann.page.reload();
    await ann.isLive();
    await ann.entry('Ben').click();
    await ann.shows(HELD, 'Sent');
  });
}
