// The admin corner: every request of it is signed for the role that is chosen.

import { Pane } from './pane.mjs';
import { equal, until } from './stage.mjs';

class Corner {
  constructor(page) { Object.assign(this, { page, work: page.locator('#work') }); }

  async as(name) {
    await this.page.getByLabel('Signed as').selectOption({ label: name });
  }

  async section(title) {
    await this.page.getByRole('button', { name: title, exact: true }).click();
    await this.work.getByRole('heading', { name: title }).waitFor();
  }

  row(text) { return this.work.locator('.rows li', { hasText: text }); }

  async act(row, name, reason) {
    await row.getByRole('button', { name, exact: true }).click();
    const box = this.page.getByRole('dialog');
    await box.getByLabel('Reason').fill(reason);
    await box.getByRole('button', { name, exact: true }).click();
    await box.waitFor({ state: 'detached' });
  }

  async adjust(amount, reason) {
    await this.work.getByLabel('Person').selectOption({ label: 'Ann' });
    await this.work.getByLabel('Credits').fill(String(amount));
    await this.work.getByLabel('Reason').fill(reason);
    await this.work.getByRole('button', { name: 'Adjust' }).click();
  }

  async toast(text) { await this.page.locator('.toast', { hasText: text }).last().waitFor(); }
}

export async function admin(stage) {
  const check = (name, act) => stage.check(name, act);
  const ann = new Pane(await stage.enter('ann'));
  await ann.signIn('Ann');
  await ann.entry('Ben').click();
  await ann.write('Hello Ben, this is private');
  await ann.shows('Hello Ben, this is private', 'Sent');
  const page = await stage.enter('admin');
  await page.goto(`${stage.base}/admin`);
  const corner = new Corner(page);

  await check('a moderator finds a message and blocks it, and its author is told', async () => {
    await corner.as('moderator-1');
    await corner.section('Messages');
    // The log that is searched follows within some seconds.
    await until('the message is found', async () => {
      await page.getByRole('button', { name: 'Search' }).click();
      const found = corner.row('this is private').waitFor({ timeout: 1_000 });
      return found.then(() => true, () => false);
    });
    await corner.act(corner.row('this is private'), 'Block', 'not in the rules');
    await ann.shows('Hello Ben, this is private', 'Not sent');
    await stage.picture('admin');
  });

  await check('whoever lacks the permission is refused in words', async () => {
    await stage.refused(403, async () => {
      await corner.as('analyst-1');
      await corner.section('Credits');
      await corner.adjust(5, 'a gift of the house');
      await corner.work.getByRole('alert').waitFor();
    });
    await ann.hasCredits(100);
  });

  await check('a small adjustment happens at once', async () => {
    await corner.as('finance-1');
    await corner.section('Credits');
    await corner.adjust(5, 'a gift of the house');
    await corner.toast('Ann has 105 credits now');
    await ann.hasCredits(105);
  });

  await check('a large one waits for a second person, and not for the same', async () => {
    await corner.adjust(50_000, 'a very large gift');
    await corner.toast('A second person has to agree');
    equal(await ann.credits(), 105, 'credits before the decision');
    await corner.section('Approvals');
    await stage.refused(403, async () => {
      await corner.act(corner.row('adjust credits'), 'Approve', 'I wanted it myself');
      await corner.toast('APPROVAL_SELF');
    });
    await corner.as('admin-1');
    await corner.section('Approvals');
    await corner.act(corner.row('adjust credits'), 'Approve', 'agreed with finance');
    await ann.hasCredits(50_105);
  });

  await check('all of it is in the audit log, and the chain holds', async () => {
    await corner.as('super_admin-1');
    await corner.section('Audit log');
    await corner.row('adjust credits').first().waitFor();
    // The look itself is in the log when somebody looks again.
    await corner.section('Approvals');
    await corner.section('Audit log');
    for (const action of ['moderate message', 'adjust credits', 'list audit log']) {
      await corner.row(action).first().waitFor();
    }
    await corner.work.getByRole('button', { name: 'Verify the chain' }).click();
    await until('the verification ends', () => corner.page
      .locator('.toast', { hasText: /in order|runs/ }).count());
    await stage.picture('admin-audit');
  });
}
