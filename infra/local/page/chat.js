const mutedWords = ({ mutedUntil }) => (Date.parse(mutedUntil) - now() > 366 * 86_400_000
  ? 'muted' : `muted until ${when(mutedUntil)}`);

/** The right half of a pane: one conversation, with what can be done in it. */
class Chat {
  constructor(pane) {
    const { ui, person } = pane;
    Object.assign(this, { pane, ui, person, shown: null, stick: true });
    ui.jump.onclick = () => this.toBottom();
    ui.scroller.onscroll = () => this.scrolled();
    // Whoever was at the end stays there when the space for the messages changes.
    new ResizeObserver(() => { if (this.stick) this.toBottom(); }).observe(ui.scroller);
    ui.composer.onsubmit = (event) => { event.preventDefault(); this.send(); };
    ui.text.oninput = () => this.typed();
    ui.text.onkeydown = (event) => {
      // While an input method composes a character, Enter belongs to it.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    };
    this.tray = new Tray(pane, () => this.pane.draw());
    ui.options.onclick = () => this.openOptions();
  }

  // Doing

  send() {
    const room = this.person.open;
    const text = this.ui.text.value.trim();
    // Pictures that are still on their way go with the message, so it waits for them.
    if (!room || this.tray.busy) return;
    const pictures = this.tray.take();
    if (!text && !pictures.length) return;
    this.ui.text.value = room.draft = '';
    clearTimeout(room.typingAgain);
    room.typingState = null;
    this.sized();
    this.stick = true;
    this.person.outgoing.send(room, text, pictures);
  }

  typed() {
    const room = this.person.open;
    if (!room) return;
    room.draft = this.ui.text.value;
    this.sized();
    this.person.typed(room);
  }

  sized() {
    const { text } = this.ui;
    text.style.height = 'auto';
    text.style.height = `${Math.min(text.scrollHeight + 2, 140)}px`;
  }

  openOptions() {
    const { person, person: { contacts, open: room } } = this;
    const { partner } = room;
    const mute = (text, until) => ({ sign: 'hushed', text,
      act: () => contacts.mute(room, until).catch(fail) });
    const quiet = room.muted ? [mute('Unmute', null)]
      : [mute('Mute for an hour', new Date(now() + 3_600_000).toISOString()), mute('Mute')];
    openMenu(this.ui.options, [...(room.id ? quiet : []),
      contacts.has(partner)
        ? { sign: 'block', text: `Unblock ${partner.name}`,
          act: () => contacts.unblock(partner).catch(fail) }
        : { sign: 'block', text: `Block ${partner.name}`,
          act: () => contacts.block(partner).then(() => person.on.say(
            `${partner.name} is blocked and is not told.`)).catch(fail) }]);
  }

  openMessageOptions(button, room, message) {
    const mine = message.sender_id === this.person.me.user_id;
    const remove = (scope) => () => this.person.remove(room, message, scope)
      .then(() => this.ui.scroller.focus({ preventScroll: true }), fail);
    openMenu(button, [
      mine && !message.is_deleted ? { sign: 'bin', text: 'Delete for everyone',
        act: remove('everyone') } : null,
      { sign: 'bin', text: 'Delete for me', act: remove('me') }]);
  }

  // Scrolling

  get atBottom() {
    const { scrollTop, scrollHeight, clientHeight } = this.ui.scroller;
    return scrollHeight - scrollTop - clientHeight < 60;
  }

  toBottom() {
    this.ui.scroller.scrollTop = this.ui.scroller.scrollHeight;
    this.scrolled();
  }

  scrolled() {
    const { ui, person } = this;
    this.stick = this.atBottom;
    if (this.stick) ui.jump.hidden = true;
    person.acknowledge(this.looking);
    if (person.open && ui.scroller.scrollTop < 160) person.older(person.open).catch(fail);
  }

  /** Whether somebody has this pane before their eyes and the newest message in it. */
  get looking() {
    const rivals = panes.filter(({ person, root }) => person.me && root.offsetParent);
    const chosen = rivals.length < 2 || attention === this.pane.slot;
    return chosen && this.pane.root.offsetParent && !document.hidden && document.hasFocus()
      && this.atBottom;
  }

  /** Brings one message to the middle and points at it. */
  async reveal(room, { id, seq }) {
    await this.person.reach(room, seq);
    this.stick = false;
    this.draw();
    const node = [...this.ui.messages.children].find((one) => one.message?.id === id);
    if (!node) return this.person.on.say('This message is no longer there.');
    this.stick = false;
    node.scrollIntoView({ block: 'center' });
    node.classList.remove('pointed');
    // Reading a size makes the browser notice the removal, so that pointing begins anew.
    if (node.offsetWidth) node.classList.add('pointed');
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
  }

  // Drawing

  draw() {
    const { ui, person } = this;
    const room = person.open;
    ui.rooms.classList.toggle('open', Boolean(room));
    ui.head.hidden = ui.foot.hidden = !room;
    const empty = !room || (room.loaded && !room.messages.length);
    ui.blank.hidden = !empty;
    setText(ui.blank, !room ? 'Choose somebody to talk to.' : room.gone
      ? `${room.partner.name} cannot be reached.`
      : `This is the beginning. Write to ${room.partner.name}.`);
    if (room) {
      drawFace(ui['partner-face'], room.partner);
      setText(ui.partner, room.partner.name);
      const typing = room.typingUntil > Date.now();
      setText(ui.typing, typing ? 'typing…' : '');
      setText(ui.standing, typing ? '' : person.contacts.has(room.partner) ? 'blocked by you'
        : room.muted ? mutedWords(room) : '');
    }
    this.drawFoot(room);
    this.tray.draw();
    this.drawMessages(room);
    if (this.shown !== room) this.enterRoom(room);
  }

  /** What stands in the way of writing, or what it costs. */
  drawFoot(room) {
    const { ui, person: { wallet, price, contacts } } = this;
    const blocked = Boolean(room && contacts.has(room.partner));
    const short = wallet.available < (price ?? 1);
    const state = blocked ? 'blocked' : short ? 'short' : 'open';
    ui.composer.hidden = ui.hint.hidden = blocked;
    ui.attach.disabled = this.tray.items.length >= PICTURES_MAX;
    ui.banner.hidden = state === 'open';
    if (ui.banner.dataset.state !== `${state} ${room?.partner.user_id}`) {
      ui.banner.dataset.state = `${state} ${room?.partner.user_id}`;
      if (blocked) {
        const { partner } = room;
        ui.banner.replaceChildren(el('span', {}, `You blocked ${partner.name}. Neither of you can `
          + 'write to the other; what was written stays.'),
        makeButton('Unblock', () => contacts.unblock(partner)));
      } else {
        ui.banner.replaceChildren('Your credits are used up, so messages wait here unsent. Reading '
          + 'stays free. In this local cloud, “Start over” fills everybody’s wallet again.');
      }
    }
    const keys = withMouse.matches ? 'Enter sends · Shift+Enter new line' : '';
    const cost = price ? `${count(price, 'credit')} a message` : '';
    setText(ui.hint, [cost, keys].filter(Boolean).join(' · '));
  }

  /** Another conversation came to the front. */
  enterRoom(room) {
    this.shown = room;
    this.ui.text.value = room?.draft ?? '';
    this.ui.jump.hidden = true;
    if (!room) return;
    this.sized();
    this.toBottom();
    // On a phone the keyboard would cover what somebody came to read.
    if (withMouse.matches) this.ui.text.focus({ preventScroll: true });
  }

  drawMessages(room) {
    const { ui } = this;
    const { scroller } = ui;
    const stick = this.stick || this.shown !== room;
    const before = { height: scroller.scrollHeight, top: scroller.scrollTop,
      first: ui.messages.firstElementChild?.dataset.key,
      last: ui.messages.lastElementChild?.dataset.key };
    reconcile(ui.messages, room ? this.rowsOf(room) : [],
      (row) => (row.mark ? el('li', { className: 'mark' }, row.mark) : this.makeMessage(row)),
      (node, row) => { if (!row.mark) this.drawMessage(node, row); });
    const older = ui.messages.firstElementChild?.dataset.key !== before.first;
    if (stick) scroller.scrollTop = scroller.scrollHeight;
    // Older messages came in above: what was being read stays where it is.
    else if (older) scroller.scrollTop = before.top + scroller.scrollHeight - before.height;
    else if (ui.messages.lastElementChild?.dataset.key !== before.last) ui.jump.hidden = false;
  }

  rowsOf(room) {
    const rows = [];
    let before = null;
    const past = this.person.calls.with(room.partner)
      .filter(({ initiated_at }) => !room.cursor || initiated_at > room.messages[0]?.created_at);
    const calls = (until) => {
      while (past.length && (!until || past[0].initiated_at < until)) {
        const call = past.shift();
        rows.push({ key: call.id, call: true,
          mark: `${this.person.calls.describe(call)} · ${when(call.initiated_at)}` });
      }
    };
    for (const message of room.messages) {
      calls(message.created_at);
      const day = dayOf(message.created_at);
      if (!before || dayOf(before.created_at) !== day) {
        rows.push({ key: `day ${day}`, mark: dayName(message.created_at) });
      }
      const turn = before && before.sender_id !== message.sender_id;
      rows.push({ key: message.key, message, room, turn });
      before = message;
    }
    calls();
    return rows;
  }

  makeMessage({ room, message }) {
    const { outgoing, me } = this.person;
    const mine = message.sender_id === me.user_id;
    const parts = { by: el('span', { className: 'hush' }), text: el('span', { className: 'words' }),
      time: el('time'), tick: el('span', { className: 'tick' }),
      media: el('div', { className: 'media' }), why: el('span'),
      failed: el('p', { className: 'failed-note' }) };
    parts.again = el('button', { className: 'link', type: 'button',
      onclick: () => outgoing.retry(room, message) }, 'Try again');
    parts.drop = el('button', { className: 'link', type: 'button',
      onclick: () => outgoing.discard(room, message) }, 'Discard');
    parts.more = el('button', { className: 'round more', ariaLabel: 'Options of this message',
      ariaHasPopup: 'menu', onclick: () => this.openMessageOptions(parts.more, room, message) },
    icon('more'));
    parts.failed.append(parts.why, ' ', parts.again, parts.drop);
    parts.by.textContent = mine ? 'You: ' : `${room.partner.name}: `;
    const stamp = el('span', { className: 'stamp' }, parts.time, mine ? parts.tick : null);
    const bubble = el('div', { className: 'bubble', dir: 'auto' },
      parts.by, parts.media, parts.text, ' ', stamp);
    const side = mine ? 'mine' : 'theirs';
    const fresh = this.shown === room && now() - Date.parse(message.created_at) < 5000;
    const node = el('li', { className: `message ${side} ${fresh ? 'fresh' : ''}` },
      el('div', { className: 'line' }, bubble, parts.more), parts.failed);
    return Object.assign(node, { parts });
  }

  /** The attachments of a message with links that work again. */
  async renewed({ id }) {
    return (await this.person.api.call('GET', `/api/v2/messages/${id}`)).attachments;
  }

  drawMessage(node, { room, message, turn }) {
    const { parts } = node;
    const state = room.stateOf(message);
    node.message = message;
    node.dataset.state = state;
    node.classList.toggle('turn', Boolean(turn));
    const media = message.attachments ?? [];
    const removed = message.moderation_status === 'blocked' && !message.content && !media.length;
    const gone = message.is_deleted ? 'Message deleted' : removed ? 'Message removed' : '';
    setText(parts.text, gone || message.content);
    reconcile(parts.media, media.map((one, n) => ({ one, key: String(n) })),
      ({ one }) => makeAttachment(one, () => this.renewed(message)), () => {});
    parts.text.classList.toggle('gone', Boolean(gone));
    setText(parts.time, hour(message.created_at));
    parts.time.dateTime = message.created_at;
    drawTick(parts.tick, state);
    parts.more.hidden = !message.id;
    // What the server refused later (status) was paid back and cannot be sent again.
    const late = message.status === 'failed';
    parts.failed.hidden = state !== 'failed';
    parts.again.hidden = parts.drop.hidden = late;
    setText(parts.why, late ? 'Not delivered. Your credit is back.' : message.trouble ?? '');
  }
}
