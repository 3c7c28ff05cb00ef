// Two people call each other: real WebRTC between two browsers, real credits.

import { Pane } from './pane.mjs';
import { equal, until } from './stage.mjs';

const STATE = '[data-ref="call-state"]';

/** Remembers the peer connections that a page makes, so that their statistics can be read. */
function collectPeers() {
  const Real = window.RTCPeerConnection;
  window.peers = [];
  window.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      window.peers.push(this);
    }
  };
}

/** Bytes that arrived, and the addresses of both ends of the pair that is in use. */
async function readPeer() {
  const peer = window.peers.at(-1);
  const rows = [...(await peer.getStats()).values()];
  const find = (id) => rows.find((row) => row.id === id);
  const transport = rows.find(({ type }) => type === 'transport');
  const pair = find(transport?.selectedCandidatePairId);
  const heard = rows.filter(({ type }) => type === 'inbound-rtp');
  return { bytes: Object.fromEntries(heard.map(({ kind, bytesReceived }) => [kind, bytesReceived])),
    sent: pair?.bytesSent ?? 0, ends: pair && [find(pair.localCandidateId),
      find(pair.remoteCandidateId)].map(({ address }) => address) };
}

/** The addresses of this machine, as the browser's own candidates show them. */
const own = (addresses, all) => addresses.every((address) => all.has(address));

class Caller extends Pane {
  get state() { return this.root.locator(STATE); }

  async says(state) {
    await until(`the call says “${state}”`, async () => await this.state.isVisible()
      && (await this.state.textContent()).startsWith(state), 15_000);
  }

  async talks() {
    await until('the timer runs', async () => /^\d+:\d\d$/.test(await this.state.textContent()),
      15_000);
  }

  async isOver() { await this.ref('call').waitFor({ state: 'hidden' }); }

  async toast(text) {
    await this.page.locator('.toast', { hasText: text }).last().waitFor();
  }

  async wallet(stage) {
    return stage.call('GET', '/api/v2/credits/balance', undefined, await this.token());
  }

  async lastCall(stage) {
    const { calls } = await stage.call('GET', '/api/v2/calls/history', undefined,
      await this.token());
    return calls[0];
  }
}

async function connect(ann, ben, name = 'Call') {
  await ann.button(name, { exact: true }).click();
  await ben.says('Incoming');
  await ben.button('Accept').click();
  await Promise.all([ann.talks(), ben.talks()]);
}

/** Moves the clock while both pages go on telling that they live. */
async function talkFor(stage, seconds) {
  for (let left = seconds; left > 0; left -= 100) {
    await stage.later(Math.min(left, 100));
    // The pages ask for the time every few seconds, and then say that they are there.
    if (left > 100) await new Promise((next) => setTimeout(next, 5_500));
  }
}

export async function calls(stage) {
  const check = (name, act) => stage.check(name, act);
  const enter = async (name, slot) => new Caller(await stage.enter(name, {}, collectPeers), slot);
  const ann = await enter('ann', 'left');
  const ben = await enter('ben', 'right');
  await ann.signIn('Ann');
  await ben.signIn('Ben');
  await ben.entry('Ann').click();
  await ben.write('call me');
  await ann.entry('Ben').click();
  await ann.message('call me').waitFor();

  await check('a call connects two browsers, and sound flows both ways', async () => {
    await connect(ann, ben);
    const addresses = new Set();
    for (const end of [ann, ben]) {
      const { bytes, ends } = await until('sound arrives', async () => {
        const seen = await end.page.evaluate(readPeer);
        return seen.bytes.audio > 1000 && seen.sent > 1000 && seen.ends && seen;
      }, 15_000);
      equal(bytes.video, undefined, 'pictures in an audio call');
      ends.forEach((address) => addresses.add(address));
    }
    const { networkInterfaces } = await import('node:os');
    const mine = new Set(Object.values(networkInterfaces()).flat().map(({ address }) => address));
    equal(own([...addresses], mine), true, `both ends are this machine (${[...addresses]})`);
    await stage.picture('call');
  });

  await check('muting stops the microphone, and only that', async () => {
    await ann.button('Mute the microphone').click();
    equal(await ann.button('Mute the microphone').getAttribute('aria-pressed'), 'true', 'muted');
    await ann.button('Mute the microphone').click();
  });

  await check('three started minutes are billed, the hold is released', async () => {
    await talkFor(stage, 150);
    await until('the cost of three minutes is shown', async () =>
      await ann.ref('call-cost').textContent() === '15 credits');
    equal(await ben.ref('call-cost').textContent(), '', 'price that who is called sees');
    await ann.button('Hang up').click();
    await Promise.all([ann.isOver(), ben.isOver()]);
    const { duration_seconds: seconds, credits_spent: spent } = await ann.lastCall(stage);
    equal(Math.ceil(seconds / 60), 3, `started minutes of ${seconds} s`);
    equal(spent, 15, 'credits');
    const { available, held } = await ann.wallet(stage);
    equal(`${available} ${held}`, '85 0', 'available and held');
    await ann.hasCredits(85);
    const shown = `Call, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    await ann.root.locator('.mark', { hasText: shown }).waitFor();
  });

  await check('declined: it stops on both sides and costs nothing', async () => {
    await ann.button('Call', { exact: true }).click();
    await ben.says('Incoming');
    await ben.button('Decline').click();
    await Promise.all([ann.isOver(), ben.isOver()]);
    await ann.toast('Declined');
    equal((await ann.wallet(stage)).available, 85, 'credits');
  });

  await check('cancelled: it stops ringing and is missed', async () => {
    await ann.button('Call', { exact: true }).click();
    await ben.says('Incoming');
    await ann.button('Cancel').click();
    await Promise.all([ann.isOver(), ben.isOver()]);
    await ben.root.locator('.mark', { hasText: 'Missed call' }).first().waitFor();
  });

  await check('not answered: after 45 seconds it is missed on both sides', async () => {
    await ann.button('Call', { exact: true }).click();
    await ben.says('Incoming');
    await stage.later(46);
    await Promise.all([ann.isOver(), ben.isOver()]);
    equal((await ann.lastCall(stage)).status, 'missed', 'status');
    equal((await ann.wallet(stage)).available, 85, 'credits');
  });

  await check('answered on one device, the other one stops ringing', async () => {
    const tablet = await enter('tablet', 'right');
    await tablet.signIn('Ben');
    await ann.button('Call', { exact: true }).click();
    await Promise.all([ben.says('Incoming'), tablet.says('Incoming')]);
    await tablet.button('Accept').click();
    await Promise.all([ann.talks(), tablet.talks(), ben.isOver()]);
    await ben.toast('another device');
    await tablet.button('Hang up').click();
    await ann.isOver();
    await ann.hasCredits(80);
    await tablet.page.context().close();
    delete stage.pages.tablet;
  });

  await check('a video call shows pictures on both sides', async () => {
    await connect(ann, ben, 'Video call');
    for (const end of [ann, ben]) {
      await until('pictures arrive', async () =>
        (await end.page.evaluate(readPeer)).bytes.video > 1000, 15_000);
    }
    await stage.picture('video-call');
    await ben.button('Hang up').click();
    await ann.isOver();
    await ann.hasCredits(70);
  });

  await check('one page closed without goodbye: the other hangs up, and pays what it was', async () => {
    await connect(ann, ben);
    await ben.page.context().close();
    delete stage.pages.ben;
    await ann.says('Reconnecting');
    await ann.button('Hang up').click();
    await ann.isOver();
    await ann.hasCredits(65);
    equal((await ann.wallet(stage)).held, 0, 'held');
  });
}

/** The caller's credits end in the middle: warned, then cut to the second. */
export async function prepaid(stage) {
  const enter = async (name, slot) => new Caller(await stage.enter(name, {}, collectPeers), slot);
  const ann = await enter('ann', 'left');
  const ben = await enter('ben', 'right');
  await ann.signIn('Ann');
  await ben.signIn('Ben');
  await ben.entry('Ann').click();
  await ben.write('call me');
  await ann.entry('Ben').click();
  await ann.message('call me').waitFor();
  const { ann: { user_id } } = await stage.people();
  await stage.asAdmin('finance', 'POST', '/api/admin/credits/adjust',
    { user_id, amount: -88, reason: 'so that two minutes are left' });

  await stage.check('a warning comes before the credits end, then the call is cut', async () => {
    await connect(ann, ben);
    await stage.later(70);
    await ann.ref('call-warning').getByText('nearly used up').waitFor();
    equal(await ben.ref('call-warning').textContent(), '', 'warning of who is called');
    await stage.picture('call-warning');
    await stage.later(51);
    await Promise.all([ann.isOver(), ben.isOver()]);
    await ann.toast('The credits are used up');
    const { duration_seconds: seconds, credits_spent: spent } = await ann.lastCall(stage);
    equal(`${seconds} ${spent}`, '120 10', 'seconds and credits');
    await ann.hasCredits(2);
  });
}
