// One half of the page, by what a person sees and does there.

import { until } from './stage.mjs';

export class Pane {
  constructor(page, slot = 'left') {
    Object.assign(this, { page, root: page.locator(`.pane[data-slot="${slot}"]`), slot });
    this.text = this.root.getByLabel('Message', { exact: true });
    this.messages = this.root.locator('.message');
  }

  ref(name) { return this.root.locator(`[data-ref="${name}"]`); }

  entry(name) { return this.root.locator('.entry-button', { hasText: name }); }

  message(text) {
    return this.messages.filter({ has: this.page.locator('.words', { hasText: text }) });
  }

  /** The field of a form that is shown. */
  field(label) { return this.root.getByLabel(label).filter({ visible: true }); }

  /** Opens a section of the dialog about the account. */
  async section(title) {
    const summary = this.root.locator('summary', { hasText: title });
    if (!await summary.isVisible()) {
      await this.button('Account and sessions').click();
      await summary.waitFor();
    }
    const part = this.root.locator('details')
      .filter({ has: this.page.locator('summary', { hasText: title }) });
    if (!await part.evaluate((node) => node.open)) await summary.click();
    return part;
  }

  async closeAccount() { await this.button('Close').click(); }

  /** Chooses from the options of the open conversation. */
  async option(name) {
    await this.button('Options of this conversation').click();
    await this.root.getByRole('menuitem', { name }).click();
  }

  /** Chooses from the options of a message. */
  async messageOption(text, name) {
    const message = this.message(text).last();
    await message.hover();
    await message.getByRole('button', { name: 'Options of this message' }).click();
    await this.root.getByRole('menuitem', { name }).click();
  }

  async signOut() {
    await this.button('Sign out', { exact: true }).click();
    await this.button('Sign in', { exact: true }).waitFor();
  }

  /** Signs in with the form, as far as it goes without a second factor. */
  async enter(email, password) {
    await this.field('E-mail').fill(email);
    await this.field('Password').fill(password);
    await this.button('Sign in', { exact: true }).click();
  }

  button(name, options) { return this.root.getByRole('button', { name, ...options }); }

  async isLive() {
    const state = () => this.ref('link').getAttribute('data-state');
    await until('the socket is live', async () => await state() === 'live', 12_000);
  }

  async signIn(name) {
    await this.button(`Sign in as ${name}`).click();
    await this.isLive();
  }

  async credits() { return Number.parseInt(await this.ref('amount').textContent(), 10); }

  async hasCredits(wanted) {
    await until(`${wanted} credits are shown`, async () => await this.credits() === wanted);
  }

  async write(text) {
    await this.text.fill(text);
    await this.text.press('Enter');
  }

  /** Waits for the state of a message, as it is said to whom cannot see the ticks. */
  async shows(text, state) {
    const message = this.message(text).last();
    await until(`“${text}” is ${state}`, async () =>
      await message.count() && await message.locator('.tick .hush').textContent() === state);
  }

  async badge(name) {
    const badge = this.entry(name).locator('.badge');
    return await badge.isVisible() ? badge.textContent() : null;
  }

  /** What is written in the chat, top to bottom. */
  async contents() { return this.root.locator('.words').allTextContents(); }

  /** Access token of the pane's session, to ask the API the same. */
  token() {
    return this.page.evaluate((key) => JSON.parse(sessionStorage.getItem(key)).access,
      `pairly.${this.slot}`);
  }
}

/** Ann and Ben, side by side, after Ann's first message, which Ben has open. */
export async function talking(stage) {
  const ann = new Pane(await stage.enter('ann'));
  const ben = new Pane(await stage.enter('ben'), 'right');
  await ann.signIn('Ann');
  await ben.signIn('Ben');
  await ann.entry('Ben').click();
  await ann.write('Hello Ben');
  await ben.entry('Ann').click();
  await ben.message('Hello Ben').waitFor();
  return { ann, ben };
}
