// Two browsers, two people, one conversation: the page of the local cloud from end to end.

import { Pane } from './pane.mjs';
import { equal, until } from './stage.mjs';

const MANY = 40;
const HOSTILE = '5 < 6 <b>bold</b> <img src=x onerror="window.pwned=1">'
  + '<script>window.pwned=1</script> I <3 “you” & 👩‍👩‍👧 🎉';

export async function chat(stage) {
  const check = (name, act) => stage.check(name, act);
  const [{ name: annName }, { name: benName, ...benAccount }] =
    (await stage.call('GET', '/_local')).people;
  const ann = new Pane(await stage.enter('ann'));
  const ben = new Pane(await stage.enter('ben'), 'right');

  await check('one click signs a demo person in, live and with 100 credits', async () => {
    await ann.signIn(annName);
    await ann.hasCredits(100);
    equal(await ann.ref('name').textContent(), annName, 'the name');
  });

  await check('the keyboard alone signs in with the prefilled form', async () => {
    const field = ben.root.getByLabel('E-mail');
    equal(await field.inputValue(), benAccount.email, 'the prefilled address');
    await field.focus();
    await ben.page.keyboard.press('Tab');
    equal(await ben.root.getByLabel('Password').inputValue(), benAccount.password, 'the password');
    await ben.page.keyboard.press('Enter');
    await ben.isLive();
    await ben.hasCredits(100);
  });

  await check('a conversation starts with a choice; a message costs one credit', async () => {
    await ann.entry(benName).click();
    await ann.write('Hello Ben');
    await ann.message('Hello Ben').waitFor();
    await ann.hasCredits(99);
  });

  await check('it arrives live, counts as unread and is marked delivered', async () => {
    await until('a badge', async () => await ben.badge(annName) === '1');
    equal(await ben.entry(annName).locator('.preview').textContent(), 'Hello Ben', 'the preview');
    await ann.shows('Hello Ben', 'Delivered');
  });

  await check('opening the conversation by keyboard reads it; the badge goes', async () => {
    await ben.entry(annName).focus();
    await ben.page.keyboard.press('Enter');
    await ben.message('Hello Ben').waitFor();
    await until('no badge', async () => await ben.badge(annName) === null);
    await ann.shows('Hello Ben', 'Read');
  });

  await check('typing is seen and ends with the message', async () => {
    await ben.text.pressSequentially('Hi Ann');
    await until('typing', async () => await ann.ref('typing').textContent() === 'typing…');
    await ben.text.press('Enter');
    await ann.message('Hi Ann').waitFor();
    await until('no typing', async () => await ann.ref('typing').textContent() === '');
    await ben.shows('Hi Ann', 'Read');
    await ben.hasCredits(99);
  });

  await check('Enter sends, Shift+Enter breaks the line, Escape goes back', async () => {
    await ann.text.focus();
    await ann.page.keyboard.type('first line');
    await ann.page.keyboard.press('Shift+Enter');
    await ann.page.keyboard.type('second line');
    await ann.page.keyboard.press('Enter');
    await ben.message('first line').waitFor();
    equal((await ben.contents()).at(-1), 'first line\nsecond line', 'the text');
    await ann.page.keyboard.press('Escape');
    await until('the list has the focus', () => ann.entry(benName).evaluate(
      (node) => node === document.activeElement));
    await ann.page.keyboard.press('Enter');
    await ann.text.waitFor();
  });

  await check('markup and emoji are text on both sides', async () => {
    await ann.write(HOSTILE);
    for (const pane of [ann, ben]) {
      const bubble = pane.message('👩‍👩‍👧').locator('.bubble');
      await bubble.waitFor();
      await until('the cleaned text', async () => (await pane.contents()).at(-1).includes('I <3'));
      equal(await bubble.locator('b, img, script').count(), 0, 'elements in the message');
      equal(await pane.page.evaluate(() => window.pwned), undefined, 'the script');
    }
    await ann.shows('I <3', 'Read');
    equal((await ben.contents()).at(-1), (await ann.contents()).at(-1), 'the text');
  });

  await check('many quick messages keep their order and cost one credit each', async () => {
    const before = await ann.credits();
    for (let n = 1; n <= MANY; n += 1) await ann.write(`number ${n}`);
    await ann.hasCredits(before - MANY);
    await ben.message(`number ${MANY}`).waitFor();
    const numbers = (await ben.contents()).filter((text) => text.startsWith('number '));
    const wanted = Array.from({ length: MANY }, (_, n) => `number ${n + 1}`);
    equal(numbers.join(), wanted.join(), 'order');
    await ann.shows(`number ${MANY}`, 'Read');
    const wallet = await stage.call('GET', '/api/v2/credits/balance', null, await ann.token());
    equal(wallet.available, before - MANY, 'the balance of the API');
  });

  await check('a reload keeps the session; scrolling up brings the whole history', async () => {
    await ann.page.reload();
    await ann.isLive();
    await ann.entry(benName).click();
    await ann.message(`number ${MANY}`).waitFor();
    await until('the first message', async () => {
      await ann.ref('scroller').evaluate((node) => { node.scrollTop = 0; });
      return ann.message('Hello Ben').count();
    });
    equal(new Set(await ann.contents()).size, MANY + 4, 'different messages');
    equal(await ann.messages.count(), MANY + 4, 'messages');
  });

  await stage.picture('chat');

  await check('an hour later sockets and tokens are renewed; nothing is missing', async () => {
    // An expired token is answered 401 before it is renewed, and the browser reports that.
    stage.expected = /status of 401|HTTP Authentication failed/;
    await ann.page.getByRole('button', { name: '+1 h' }).click();
    await until('the clock has moved', async () =>
      await ann.page.locator('[data-advance="3600"]').isEnabled(), 15_000);
    await ann.write('an hour later');
    await ben.message('an hour later').waitFor({ timeout: 15_000 });
    await ann.isLive();
    await ben.isLive();
    equal(await ben.message('an hour later').count(), 1, 'copies');
    await ann.shows('an hour later', 'Read');
    stage.expected = null;
  });

  const mira = new Pane(ann.page, 'right');
  await check('a new account confirms itself with the code from the outbox strip', async () => {
    const email = 'mira@example.org';
    await mira.button('Create an account').click();
    const values = { Name: 'Mira', 'E-mail': email, Password: 'a quiet evening',
      Birthdate: '1994-05-06' };
    for (const [label, value] of Object.entries(values)) {
      await mira.root.getByLabel(label).fill(value);
    }
    await mira.button('Create account').click();
    await ann.page.getByRole('button', { name: /^Outbox/ }).click();
    const card = ann.page.locator('.card', { hasText: email }).first();
    await card.waitFor();
    await mira.field('Code from the mail').fill(await card.locator('.code').textContent());
    await stage.picture('outbox');
    await mira.button('Confirm and sign in').click();
    await mira.isLive();
  });

  await check('without credits nothing is sent, and the page says so kindly', async () => {
    await mira.hasCredits(0);
    await mira.entry(benName).click();
    await mira.write('may I?');
    await mira.shows('may I?', 'Not sent');
    await mira.ref('banner').waitFor();
    equal(await ben.entry('Mira').count(), 0, 'conversations that Ben sees');
  });

  await check('side by side, reading happens only where somebody is', async () => {
    await mira.page.keyboard.press('Escape');
    await ann.root.locator('.entry-button', { hasText: 'Mira' }).click();
    await ann.write('Welcome, Mira');
    await until('a badge', async () => await mira.badge(annName) === '1');
    await ann.shows('Welcome, Mira', 'Delivered');
    await mira.entry(annName).click();
    await ann.shows('Welcome, Mira', 'Read');
    await until('no badge', async () => await mira.badge(annName) === null);
  });

  await check('mails asked for by others appear in the strip', async () => {
    const count = async () => Number(await ann.page.locator('#outbox-count').textContent());
    const before = await count();
    await stage.call('POST', '/api/v2/auth/register', { name: 'Dora', email: 'dora@example.org',
      password: 'another quiet evening', birthdate: '1990-01-01' });
    await until('one more', async () => await count() === before + 1, 10_000);
    await ann.page.locator('.card', { hasText: 'dora@example.org' }).waitFor();
  });

  await check('ending a session elsewhere closes it here; signing out too', async () => {
    const token = await ben.token();
    const { sessions } = await stage.call('GET', '/api/v2/auth/sessions', null, token);
    const { session_id } = sessions.find(({ current }) => current);
    await stage.call('DELETE', `/api/v2/auth/sessions/${session_id}`, null, token);
    await ben.button('Sign in', { exact: true }).waitFor();
    await ben.page.getByText('This session was ended.').waitFor();
    await mira.button('Sign out').click();
    await mira.button(`Sign in as ${annName}`).waitFor();
    equal(await ann.ref('link').getAttribute('data-state'), 'live', 'the other session');
  });

  await check('on a phone one person is shown at a time and nothing scrolls sideways', async () => {
    const page = await stage.enter('phone', { viewport: { width: 360, height: 720 },
      hasTouch: true, isMobile: true, colorScheme: 'dark' });
    const phone = new Pane(page);
    const fits = async (what) => equal(await page.evaluate(() =>
      document.documentElement.scrollWidth > innerWidth), false, `${what} scrolls sideways`);
    await fits('sign-in');
    await phone.signIn(annName);
    await fits('the list');
    await phone.entry(benName).tap();
    await phone.message('an hour later').waitFor();
    await fits('the chat');
    equal(await page.locator('.pane:visible').count(), 1, 'panes');
    await stage.picture('phone');
    await page.getByRole('button', { name: 'Second' }).tap();
    await page.locator('.pane[data-slot="right"]').waitFor();
    await fits('the other person');
  });
}
