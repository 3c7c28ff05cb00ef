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
