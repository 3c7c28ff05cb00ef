// Credits run low: the hint comes once; what is unsent gives its credit back.

import { Pane } from './pane.mjs';
import { equal, until } from './stage.mjs';

export async function credits(stage) {
  const check = (name, act) => stage.check(name, act);
  const ann = new Pane(await stage.enter('ann'));
  const hint = ann.ref('notice');
  await ann.signIn('Ann');

  await check('below which balance the hint comes is for everybody to choose', async () => {
    await ann.ref('balance').click();
    const part = await ann.section('Credits');
    await part.getByLabel('Tell me when').fill('99');
    await part.getByRole('button', { name: 'Save' }).click();
    await part.getByText('Saved.').waitFor();
    await ann.closeAccount();
    equal(await hint.isVisible(), false, 'the hint');
  });

  await check('the hint appears when the balance falls below it, and can be put away', async () => {
    await ann.entry('Cleo').click();
    await ann.write('one');
    await ann.hasCredits(99);
    equal(await hint.isVisible(), false, 'the hint at 99');
    await ann.write('two');
    await hint.getByText('98 credits left').waitFor();
    await stage.picture('low');
    await ann.button('Put this hint away').click();
    equal(await hint.isVisible(), false, 'the hint');
  });

  await check('it does not come again while the balance stays low', async () => {
    await ann.write('three');
    await ann.hasCredits(97);
    await ann.shows('three', 'Sent');
    equal(await hint.isVisible(), false, 'the hint');
  });

  await check('what nobody had yet is taken back, and its credit comes back', async () => {
    await ann.messageOption('three', 'Delete for everyone');
    await ann.hasCredits(98);
    await until('it is gone', async () => (await ann.contents()).at(-1) === 'Message deleted');
    await ann.messageOption('two', 'Delete for everyone');
    await ann.hasCredits(99);
    await ann.write('four');
    await hint.getByText('98 credits left').waitFor();
  });

  await check('deleting only for oneself leaves it to the other', async () => {
    await ann.messageOption('four', 'Delete for me');
    await until('it is gone', async () => !(await ann.contents()).includes('four'));
    const { cleo, ann: me } = await stage.people();
    const page = await stage.call('GET', `/api/v2/messages/conversation/${me.user_id}`, null,
      await stage.tokenOf(cleo));
    equal(page.messages.some(({ content }) => content === 'four'), true, 'what Cleo has');
  });
}
