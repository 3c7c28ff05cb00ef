// Signing in through a provider: a new account, one that exists, and one that is added.

import { Pane } from './pane.mjs';
import { equal } from './stage.mjs';

export async function social(stage) {
  const check = (name, act) => stage.check(name, act);
  const { ann: { email, password } } = await stage.people();
  const pane = new Pane(await stage.enter('dora'));
  const { page } = pane;
  const choose = (name) => page.getByRole('link', { name }).click();

  await check('a provider opens an account; the page asks what it does not tell', async () => {
    await stage.picture('providers');
    await stage.refused(409, async () => {
      await pane.button('Continue with Google').click();
      await page.getByRole('link', { name: 'Dora' }).waitFor();
      await stage.picture('provider');
      await choose('Dora');
      await pane.root.getByText('When were you born?').waitFor();
    });
    equal(new URL(page.url()).search, '', 'what is left in the address');
    await stage.picture('birthday');
    await pane.field('Birthdate').fill('1994-05-06');
    await pane.button('Create account').click();
    await pane.isLive();
    await pane.signOut();
  });

  await check('the next time it goes straight in', async () => {
    await pane.button('Continue with Google').click();
    await choose('Dora');
    await pane.isLive();
    equal((await pane.ref('name').textContent()).startsWith('Dora'), true, 'the name');
    await pane.signOut();
  });

  await check('who changes their mind comes back to where they were', async () => {
    await pane.button('Continue with Facebook').click();
    await choose('Cancel');
    await pane.root.getByText('You did not go through with Facebook.').waitFor();
  });

  await check('an address that has an account is not taken over, but can be added', async () => {
    await stage.refused(409, async () => {
      await pane.button('Continue with Apple').click();
      await choose('Ann');
      await pane.root.getByText('Sign in to it and link this identity there.').waitFor();
    });
    await pane.enter(email, password);
    await pane.isLive();
    const part = await pane.section('Other ways to sign in');
    await part.getByRole('button', { name: 'Add Apple' }).click();
    await choose('Ann');
    await part.getByRole('button', { name: 'Remove Apple' }).waitFor();
    await stage.picture('identities');
    await pane.closeAccount();
    await pane.signOut();
    await pane.button('Continue with Apple').click();
    await choose('Ann');
    await pane.isLive();
    equal(await pane.ref('name').textContent(), 'Ann', 'the name');
  });
}
