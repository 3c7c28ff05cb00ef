// Somebody blocks somebody: what the one sees, and what the other sees.

import { talking } from './pane.mjs';
import { equal } from './stage.mjs';

export async function blocks(stage) {
  const check = (name, act) => stage.check(name, act);
  const { ann, ben } = await talking(stage);

  await check('who blocks can neither write nor be written to, and reads on', async () => {
    await ben.option('Block Ann');
    await ben.ref('banner').getByText('You blocked Ann').waitFor();
    equal(await ben.ref('composer').isVisible(), false, 'the field to write in');
    await ben.message('Hello Ben').waitFor();
    await ben.entry('Ann').locator('[data-sign="block"]').waitFor();
  });

  await check('who is blocked is refused as if nobody were there, and pays nothing', async () => {
    const before = await ann.credits();
    await ann.write('why so quiet?');
    await ann.message('why so quiet?').getByText('Ben cannot be reached.').waitFor();
    await ann.shows('why so quiet?', 'Not sent');
    equal(await ann.credits(), before, 'credits');
    equal(await ben.message('why so quiet?').count(), 0, 'what the blocker sees');
    await ann.text.fill('typing, unseen');
    await stage.picture('blocked');
    equal(await ben.ref('typing').textContent(), '', 'typing');
    await ann.text.fill('');
  });

  await check('the block is in the account, and goes from there', async () => {
    const part = await ben.section('Blocked people');
    await part.getByRole('button', { name: 'Unblock Ann' }).click();
    await part.getByRole('button', { name: 'Unblock Ann' }).waitFor({ state: 'detached' });
    await ben.closeAccount();
    await ben.text.waitFor();
  });

  await check('then the refused message goes out after all', async () => {
    await ann.message('why so quiet?').getByRole('button', { name: 'Try again' }).click();
    await ben.message('why so quiet?').waitFor();
    await ann.shows('why so quiet?', 'Read');
  });
}
