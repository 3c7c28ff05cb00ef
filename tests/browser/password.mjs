// A forgotten password, by the mail in the outbox; and a changed one.

import { Pane } from './pane.mjs';
import { equal, until, watch } from './stage.mjs';

const NEW = 'four quiet lanterns';
const NEWER = 'seven amber windows';

export async function password(stage) {
  const check = (name, act) => stage.check(name, act);
  const { ann: { email, password: old } } = await stage.people();
  const ann = new Pane(await stage.enter('ann'));
  const elsewhere = new Pane(await stage.enter('elsewhere'));
  await elsewhere.signIn('Ann');
  const outbox = ann.page.getByRole('button', { name: /^Outbox/ });
  let form;

  await check('who forgot the password gets a mail with a link', async () => {
    await ann.button('Forgot your password?').click();
    equal(await ann.field('E-mail').inputValue(), email, 'the address');
    await ann.button('Send the link').click();
    await ann.root.getByText('a link to a new password').waitFor();
    await outbox.click();
    const card = ann.page.locator('.card', { hasText: email }).first();
    await card.waitFor();
    await stage.picture('forgotten');
    const opened = ann.page.waitForEvent('popup');
    await card.getByRole('link', { name: 'Open link' }).click();
    form = await opened;
    stage.pages.form = form;
    watch(form, stage, 'form');
    await form.getByLabel('New password').waitFor();
  });

  await check('the form behind it says in words what is wrong', async () => {
    await form.getByLabel('New password').fill(NEW);
    await form.getByLabel('The same again').fill(`${NEW}s`);
    await form.getByRole('button').click();
    await form.getByText('The two are not the same.').waitFor();
    await stage.refused(422, async () => {
      for (const label of ['New password', 'The same again']) {
        await form.getByLabel(label).fill('password123');
      }
      await form.getByRole('button').click();
      await form.getByText('harder to guess').waitFor();
    });
    await stage.picture('reset');
  });

  await check('a new password ends all sessions; the link is spent', async () => {
    const link = form.url();
    for (const label of ['New password', 'The same again']) await form.getByLabel(label).fill(NEW);
    await form.getByRole('button').click();
    await form.getByText('Your password is changed').waitFor();
    await elsewhere.button('Sign in', { exact: true }).waitFor();
    await stage.refused(410, async () => {
      await form.goto(link);
      for (const label of ['New password', 'The same again']) {
        await form.getByLabel(label).fill(NEWER);
      }
      await form.getByRole('button').click();
      await form.getByText('no longer valid').waitFor();
    });
    delete stage.pages.form;
    await form.close();
  });

  await check('the old one is refused, the new one signs in', async () => {
    await ann.button('Back to sign-in').click();
    await stage.refused(401, async () => {
      await ann.enter(email, old);
      await ann.root.getByText('E-mail or password is wrong.').waitFor();
    });
    await ann.enter(email, NEW);
    await ann.isLive();
    await elsewhere.enter(email, NEW);
    await elsewhere.isLive();
  });

  await check('changing it later needs no second proof, and ends the other sessions', async () => {
    // So long a silence ends the sockets; a ticket may expire while the clock moves.
    stage.expected = /status of 40[13]|HTTP Authentication failed/;
    await stage.later(700);
    const part = await ann.section('Password');
    await part.getByLabel('Password now').fill(NEW);
    await part.getByLabel('New password').fill(NEWER);
    await part.getByRole('button', { name: 'Change password' }).click();
    await part.getByText('1 other session ended').waitFor();
    await elsewhere.button('Sign in', { exact: true }).waitFor();
    stage.expected = null;
  });

  await check('signing out everywhere ends this session too', async () => {
    await ann.button('Sign out everywhere').click();
    await ann.button('Sign in', { exact: true }).waitFor();
    await until('no token', async () => await ann.page.evaluate(() =>
      sessionStorage.getItem('pairly.left')) === null);
  });
}
