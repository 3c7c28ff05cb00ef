// The second factor: set up, asked for, replaced by a recovery code, switched off.

import { createHmac } from 'node:crypto';
import { Pane } from './pane.mjs';
import { equal, until } from './stage.mjs';

const STEP_SECONDS = 30;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The code that an authenticator app shows at that time (RFC 6238). */
function codeAt(secret, timeMs) {
  const bits = [...secret].map((char) =>
    ALPHABET.indexOf(char).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(timeMs / 1000 / STEP_SECONDS)));
  const mac = createHmac('sha1', key).update(step).digest();
  const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

export async function factors(stage) {
  const check = (name, act) => stage.check(name, act);
  const { ann: { email, password } } = await stage.people();
  const ann = new Pane(await stage.enter('ann'));
  const codes = ann.root.getByRole('list', { name: 'Recovery codes' }).locator('code');
  let secret;
  let recovery;
  const code = async () => {
    // Each step counts once, so every code is asked for in a step of its own.
    await stage.later(STEP_SECONDS);
    return codeAt(secret, Date.parse((await stage.call('GET', '/_local/clock')).now));
  };

  await check('setting up shows a secret as a picture and as text', async () => {
    await ann.enter(email, password);
    await ann.isLive();
    const part = await ann.section('Two-factor sign-in');
    await part.getByRole('button', { name: 'Set up' }).click();
    await part.getByRole('img', { name: 'QR code' }).waitFor();
    secret = (await part.locator('code').textContent()).replaceAll(' ', '');
    const link = await part.getByRole('link').getAttribute('href');
    equal(new URL(link).searchParams.get('secret'), secret, 'the secret of the address');
    await stage.picture('factor-setup');
  });

  await check('the first code switches it on; ten recovery codes appear once', async () => {
    const part = await ann.section('Two-factor sign-in');
    await part.getByLabel('Then type').fill(await code());
    await part.getByRole('button', { name: 'Switch on' }).click();
    await codes.first().waitFor();
    recovery = await codes.allTextContents();
    equal(new Set(recovery).size, 10, 'different codes');
    await stage.picture('factor-codes');
    await part.getByRole('button', { name: 'I have kept them' }).click();
    await part.getByText('10 recovery codes left').waitFor();
    equal(await codes.count(), 0, 'codes still shown');
    await ann.closeAccount();
    await ann.signOut();
  });

  await check('signing in asks for the code; a wrong one is refused in words', async () => {
    await ann.enter(email, password);
    await ann.field('Code from the authenticator').waitFor();
    await stage.refused(401, async () => {
      const right = await code();
      await ann.field('Code from the authenticator').fill(right === '000000' ? '111111' : '000000');
      await ann.button('Sign in', { exact: true }).click();
      await ann.ref('trouble').getByText('The code is wrong.').waitFor();
    });
    await stage.picture('factor-asked');
    await ann.field('Code from the authenticator').fill(await code());
    await ann.button('Sign in', { exact: true }).click();
    await ann.isLive();
    await ann.signOut();
  });

  await check('a recovery code replaces the app, once', async () => {
    const enter = async () => {
      await ann.enter(email, password);
      await ann.button('Use a recovery code').click();
      await ann.field('Recovery code').fill(recovery[0]);
      await ann.button('Sign in', { exact: true }).click();
    };
    await enter();
    await ann.isLive();
    const part = await ann.section('Two-factor sign-in');
    await part.getByText('9 recovery codes left').waitFor();
    await ann.closeAccount();
    await ann.signOut();
    await stage.refused(401, async () => {
      await enter();
      await ann.ref('trouble').getByText('wrong').waitFor();
    });
    await ann.button('Use the authenticator').click();
    await ann.field('Code from the authenticator').fill(await code());
    await ann.button('Sign in', { exact: true }).click();
    await ann.isLive();
  });

  await check('switching it off later asks who is there', async () => {
    // So long a silence ends the socket; a ticket may expire while the clock moves.
    stage.expected = /status of 40[13]|HTTP Authentication failed/;
    await stage.later(700);
    const part = await ann.section('Two-factor sign-in');
    await part.getByRole('button', { name: 'Switch off…' }).click();
    await part.getByLabel('Code from').fill(await code());
    await part.getByRole('button', { name: 'Switch off' }).click();
    const proof = ann.root.getByRole('dialog', { name: 'Confirm that it is you' });
    await proof.getByLabel('Password').fill(password);
    await stage.picture('factor-proof');
    await proof.getByRole('button', { name: 'Confirm' }).click();
    await part.getByRole('button', { name: 'Set up' }).waitFor();
    stage.expected = null;
    await ann.closeAccount();
    await ann.signOut();
    await ann.enter(email, password);
    await ann.isLive();
    await until('all is well', async () => await ann.credits() === 100);
  });
}
