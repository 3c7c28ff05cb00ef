// ---- Account -----------------------------------------------------------------------------------

const aside = (text) => el('p', { className: 'quiet small' }, text);
const row = (main, small, ...buttons) => el('li', {}, el('div', {}, main,
  small ? el('div', { className: 'quiet small' }, small) : null), ...buttons);

/** Where somebody is signed in. */
class SessionsSection {
  title = 'Sessions';

  async show(body, { person: { api } }) {
    const { sessions } = await api.call('GET', '/api/v2/auth/sessions');
    const list = el('ul', {}, ...sessions.map((session) => {
      const name = session.device_name ?? session.user_agent ?? 'Another session';
      const end = makeButton('End', async () => {
        await api.call('DELETE', `/api/v2/auth/sessions/${session.session_id}`);
        item.remove();
      }, { ariaLabel: `End the session ${name}` });
      const item = row(session.current ? 'This session' : name, [
        `${dayName(session.created_at)}, ${hour(session.created_at)}`,
        session.aal > 1 ? 'with a second factor' : null].filter(Boolean).join(' · '),
      session.current ? null : end);
      return item;
    }));
    const others = makeButton('End all others', async () => {
      await api.call('DELETE', '/api/v2/auth/sessions');
      await this.show(body, { person: { api } });
    }, { hidden: sessions.length < 2 });
    body.replaceChildren(list, el('div', { className: 'actions' }, others));
  }
}

/** What this person uses Pairly on: an app with a key of its own is a device. */
class DevicesSection {
  title = 'Devices';

  async show(body, { person: { api } }) {
    const { devices } = await api.call('GET', '/api/v2/devices');
    const active = devices.filter(({ status }) => status === 'active');
    const rows = active.map(({ device_id, name, type, last_activity, current }) => {
      const remove = makeButton('Remove', async () => {
        await api.call('DELETE', `/api/v2/devices/${device_id}`);
        item.remove();
      }, { ariaLabel: `Remove ${name}`, hidden: current });
      const used = `${dayName(last_activity)}, ${hour(last_activity)}`;
      const item = row(name, `${type} · ${used}`, remove);
      return item;
    });
    body.replaceChildren(rows.length ? el('ul', {}, ...rows)
      : aside('None. Apps with a key of their own appear here; this page is only a session.'));
  }
}

/** A new password; the sessions elsewhere end with the old one. */
class PasswordSection {
  title = 'Password';

  async show(body, { person }) {
    const form = makeForm({ action: 'Change password', fields: [
      { name: 'current_password', label: 'Password now', type: 'password',
        autocomplete: 'current-password' },
      { name: 'new_password', label: 'New password (at least 10 characters)', type: 'password',
        autocomplete: 'new-password' }],
    submit: async (passwords) => {
      const { sessions_revoked: ended } = await person.api.fresh('POST',
        '/api/v2/auth/password/change', passwords, { password: passwords.current_password });
      body.replaceChildren(el('p', { role: 'status' },
        `Your password is changed. ${count(ended, 'other session')} ended.`));
    } });
    body.replaceChildren(form);
  }
}

/** The balance, the price, and below which balance a hint appears. */
class CreditsSection {
  title = 'Credits';

  async show(body, { person }) {
    const { api } = person;
    Object.assign(person, { wallet: await api.call('GET', '/api/v2/credits/balance') });
    person.changed();
    const { available, low_threshold: limit } = person.wallet;
    const saved = el('p', { className: 'quiet small', role: 'status' });
    const form = makeForm({ action: 'Save', fields: [{ name: 'threshold', type: 'number', min: 0,
      max: 10_000, value: limit, label: 'Tell me when fewer are left than' }],
    submit: async ({ threshold }) => {
      const answer = await api.call('PUT', '/api/v2/credits/alerts',
        { threshold: Number(threshold) });
      person.wallet.low_threshold = answer.low_threshold;
      person.hushed = false;
      person.changed();
      saved.textContent = 'Saved.';
    } });
    form.classList.add('short');
    body.replaceChildren(el('p', {}, `${count(available, 'credit')}, ${person.price ?? '…'} a `
      + 'message. Unsending a message before it is delivered gives its credit back.'), form, saved);
  }
}

/** People who cannot write to this person, nor the other way round. */
class BlocksSection {
  title = 'Blocked people';

  async show(body, { person }) {
    await person.contacts.load();
    const rows = [...person.contacts.blocked.values()].map(({ user_id, name, blocked_at }) => {
      const called = name || known.get(user_id) || 'Somebody';
      const item = row(called, blocked_at ? `${dayName(blocked_at)}, ${hour(blocked_at)}` : null,
        makeButton('Unblock', async () => {
          await person.contacts.unblock({ user_id });
          item.remove();
        }, { ariaLabel: `Unblock ${called}` }));
      return item;
    });
    body.replaceChildren(rows.length ? el('ul', {}, ...rows)
      : aside('Nobody. You can block somebody from the options of a conversation.'));
  }
}

/** The dialog about the own account: one section for each matter, read when it is opened. */
class Account {
  constructor(pane) {
    this.person = pane.person;
    this.slot = pane.slot;
    this.dialog = byName('account').content.firstElementChild.cloneNode(true);
    this.ui = namedIn(this.dialog, 'part');
    pane.root.append(this.dialog);
    this.sections = { sessions: new SessionsSection(), devices: new DevicesSection(),
      factors: new FactorsSection(), password: new PasswordSection(),
      identities: new IdentitiesSection(), credits: new CreditsSection(),
      blocks: new BlocksSection() };
    this.parts = Object.fromEntries(Object.entries(this.sections).map(([key, section]) =>
      [key, this.makePart(pane.slot, section)]));
    this.ui.sections.append(...Object.values(this.parts));
    this.ui.done.onclick = () => this.dialog.close();
    this.ui['out-all'].onclick = () => this.person.signOut(true);
    // What was shown once, recovery codes above all, does not stay behind.
    this.dialog.onclose = () => Object.values(this.parts).forEach((part) => {
      part.open = false;
      part.lastElementChild.replaceChildren();
    });
    // A click beside the dialog, which is on its backdrop, closes it.
    this.dialog.onpointerdown = (event) => {
      const { left, right, top, bottom } = this.dialog.getBoundingClientRect();
      const inside = event.clientX >= left && event.clientX <= right
        && event.clientY >= top && event.clientY <= bottom;
      if (event.target === this.dialog && !inside) this.dialog.close();
    };
  }

  makePart(slot, section) {
    const body = el('div', { className: 'section' });
    // One name for all: opening one closes the others.
    const part = el('details', { name: `account-${slot}` },
      el('summary', {}, section.title), body);
    part.ontoggle = () => { if (part.open) this.fill(section, body); };
    return part;
  }

  async fill(section, body) {
    try {
      await section.show(body, this);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      body.replaceChildren(el('p', { className: 'trouble', role: 'alert' }, wordsOf(failure)));
    }
  }

  open(key) {
    const { ui, person: { me } } = this;
    drawFace(ui.face, me);
    setText(ui.name, me.name);
    setText(ui.mail, me.email);
    this.parts[key].open = true;
    if (!this.dialog.open) this.dialog.showModal();
    this.parts[key].firstElementChild.focus();
  }
}
