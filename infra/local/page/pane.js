/** Which pane the person at the screen is dealing with: only there does reading happen. */
let attention = 'left';
/** Whether there is a mouse, and so in all likelihood a keyboard. */
const withMouse = matchMedia('(pointer: fine)');

/** One half of the page: draws a person and turns clicks and keys into what they mean. */
class Pane {
  constructor(slot, demo) {
    this.slot = slot;
    this.root = byName('pane').content.firstElementChild.cloneNode(true);
    this.root.dataset.slot = slot;
    this.root.setAttribute('aria-label', slot === 'left' ? 'First person' : 'Second person');
    this.ui = Object.fromEntries([...this.root.querySelectorAll('[data-ref]')]
      .map((node) => [node.dataset.ref, node]));
    this.person = new Person(slot, {
      draw: () => this.draw(),
      joined: () => panes.forEach((pane) => pane.draw()),
      ended: (reason) => { this.ui.dialog.close(); if (reason) toast(reason); },
      announce: (text) => setText(this.ui.live, text),
      say: (text) => toast(text),
      fail,
    });
    this.gate = new Gate(this.ui, this.person);
    this.gate.fill(demo);
    this.tab = el('button', { className: 'tab', onclick: () => showPane(slot) });
    this.tab.dataset.slot = slot;
    this.listen();
  }

  /** Goes on with the session that this tab had before it was loaded again. */
  async restore() {
    if (this.person.api.tokens) await this.person.start().catch((failure) => fail(failure));
    this.draw();
  }

  listen() {
    const { ui, person } = this;
    for (const event of ['pointerdown', 'focusin', 'keydown']) {
      this.root.addEventListener(event, () => {
        if (attention === this.slot) return;
        attention = this.slot;
        panes.forEach((pane) => pane.draw());
      });
    }
    ui.out.onclick = () => person.signOut(false);
    ui['out-all'].onclick = () => person.signOut(true);
    ui.account.onclick = () => this.showAccount().catch(fail);
    ui.done.onclick = () => ui.dialog.close();
    ui.retake.onclick = () => person.socket.open();
    ui.back.onclick = () => this.leave();
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
    ui.app.onkeydown = (event) => { if (event.key === 'Escape' && person.open) this.leave(); };
  }

  // Account

  async showAccount() {
    const { ui, person } = this;
    setText(ui['dialog-name'], person.me.name);
    setText(ui['dialog-mail'], person.me.email);
    const { sessions } = await person.api.call('GET', '/api/v2/auth/sessions');
    ui.sessions.replaceChildren(...sessions.map((session) => {
      const about = session.current ? 'This session' : session.user_agent || 'Another session';
      const end = async () => {
        await person.api.call('DELETE', `/api/v2/auth/sessions/${session.session_id}`);
        row.remove();
      };
      const button = el('button', { className: 'plain', hidden: session.current,
        onclick: () => end().catch(fail) }, 'End');
      const row = el('li', {}, el('div', {}, about, el('div', { className: 'quiet small' },
        `signed in ${dayName(session.created_at)}, ${hour(session.created_at)}`)), button);
      return row;
    }));
    if (!ui.dialog.open) ui.dialog.showModal();
  }

  // Chatting

  choose(partner) {
    this.person.show(this.person.room(partner)).catch(fail);
  }

  leave() {
    const key = this.person.open?.partner.user_id;
    this.person.show(null);
    this.draw();
    this.ui.conversations.querySelector(`[data-key="${key}"] button`)?.focus();
  }

  send() {
    const room = this.person.open;
    const text = this.ui.text.value.trim();
    if (!room || !text) return;
    this.ui.text.value = room.draft = '';
    clearTimeout(room.typingAgain);
    room.typingState = null;
    this.sized();
    this.stick = true;
    this.person.send(room, text);
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
    const chosen = rivals.length < 2 || attention === this.slot;
    return chosen && this.root.offsetParent && !document.hidden && document.hasFocus()
      && this.atBottom;
  }

  // Drawing

  draw() {
    const { ui, person } = this;
    const inside = Boolean(person.me);
    ui.gate.hidden = inside;
    ui.app.hidden = !inside;
    const name = inside ? person.me.name : this.slot === 'left' ? 'First' : 'Second';
    const unread = [...person.conversations.values()].reduce((sum, one) => sum + one.unread, 0);
    this.unread = inside ? unread : 0;
    setText(this.tab, this.unread ? `${name} (${this.unread})` : name);
    document.title = panes.some((pane) => pane.unread) ? '• Pairly' : 'Pairly';
    const rivals = panes.filter((pane) => pane.person.me).length;
    this.root.classList.toggle('attended', inside && rivals > 1 && attention === this.slot);
    if (!inside) {
      this.shown = null;
      return this.gate.draw();
    }
    this.root.setAttribute('aria-label', name);
    this.drawBar();
    this.drawList();
    this.drawChat();
    person.acknowledge(this.looking);
  }

  drawBar() {
    const { ui, person: { me, link, wallet } } = this;
    drawFace(ui.face, me);
    setText(ui.name, me.name);
    ui.link.dataset.state = link;
    setText(ui.link, { live: 'Live', connecting: 'Connecting…', waiting: 'Reconnecting…',
      replaced: 'Open somewhere else', stopped: 'Not live', off: 'Not live' }[link]);
    ui.retake.hidden = link !== 'replaced' && link !== 'stopped';
    const left = wallet.available;
    const level = left === 0 ? 'empty' : left < wallet.low_threshold ? 'low' : 'fine';
    ui.balance.dataset.level = level;
    setText(ui.amount, `${left} credit${left === 1 ? '' : 's'}`);
    setText(ui.level, level === 'fine' ? '' : `Balance is ${level}`);
  }

  drawList() {
    const { ui, person } = this;
    const rooms = [...person.conversations.values()].filter((room) => room.last || room.id)
      .sort((a, b) => (a.activity < b.activity ? 1 : -1));
    ui.heading.hidden = !rooms.length;
    reconcile(ui.conversations, rooms.map((room) => ({ room, key: room.partner.user_id })),
      ({ room }) => this.makeEntry(room.partner), (node, { room }) => this.drawEntry(node, room));
    const talking = new Set([person.me.user_id, ...rooms.map((room) => room.partner.user_id)]);
    const others = [...known].filter(([id]) => !talking.has(id));
    ui.start.hidden = !others.length;
    reconcile(ui.contacts, others.map(([user_id, name]) => ({ user_id, name, key: user_id })),
      (one) => this.makeEntry(one), (node, one) => this.drawEntry(node, null, one));
  }

  makeEntry(partner) {
    const parts = { face: el('span', { className: 'avatar', ariaHidden: 'true' }),
      name: el('b'), time: el('time'), tick: el('span', { className: 'tick' }),
      preview: el('span', { className: 'preview' }), badge: el('span', { className: 'badge' }) };
    const line = (...children) => el('span', { className: 'entry-line' }, ...children);
    const button = el('button', { className: 'entry-button', onclick: () => this.choose(partner) },
      parts.face, el('span', { className: 'entry-text' }, line(parts.name, parts.time),
        line(parts.tick, parts.preview, parts.badge)));
    return Object.assign(el('li', {}, button), { parts, button });
  }

  drawEntry({ parts, button }, room, partner = room.partner) {
    drawFace(parts.face, partner);
    setText(parts.name, partner.name);
    const last = room?.last;
    const mine = last?.sender_id === this.person.me.user_id;
    const typing = room?.typingUntil > Date.now();
    parts.tick.hidden = !mine || typing;
    if (mine) drawTick(parts.tick, room.stateOf(last));
    const preview = last ? last.preview || 'Message deleted' : 'Say hello';
    setText(parts.preview, typing ? 'is typing…' : preview);
    setText(parts.time, last ? when(last.created_at) : '');
    const unread = room?.unread ?? 0;
    parts.badge.hidden = !unread;
    setText(parts.badge, String(unread));
    parts.badge.ariaLabel = `${unread} unread`;
    const open = this.person.open?.partner.user_id === partner.user_id;
    button.setAttribute('aria-current', String(open));
  }

  drawChat() {
    const { ui, person } = this;
    const room = person.open;
    ui.rooms.classList.toggle('open', Boolean(room));
    ui.head.hidden = ui.foot.hidden = !room;
    const empty = !room || (room.loaded && !room.messages.length);
    ui.blank.hidden = !empty;
    setText(ui.blank, room ? `This is the beginning. Write to ${room.partner.name}.`
      : 'Choose somebody to talk to.');
    if (room) {
      drawFace(ui['partner-face'], room.partner);
      setText(ui.partner, room.partner.name);
      setText(ui.typing, room.typingUntil > Date.now() ? 'typing…' : '');
    }
    this.drawBanner();
    this.drawMessages(room);
    if (this.shown !== room) this.enterRoom(room);
  }

  drawBanner() {
    const { ui, person: { wallet, price } } = this;
    const short = wallet.available < (price ?? 1);
    ui.banner.hidden = !short;
    setText(ui.banner, short ? 'Your credits are used up, so messages wait here unsent. Reading '
      + 'stays free. In this local cloud, “Start over” fills everybody’s wallet again.' : '');
    const keys = withMouse.matches ? 'Enter sends · Shift+Enter new line' : '';
    const cost = price ? `${price} credit${price === 1 ? '' : 's'} a message` : '';
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
    for (const message of room.messages) {
      const day = dayOf(message.created_at);
      if (!before || dayOf(before.created_at) !== day) {
        rows.push({ key: `day ${day}`, mark: dayName(message.created_at) });
      }
      const turn = before && before.sender_id !== message.sender_id;
      rows.push({ key: message.key, message, room, turn });
      before = message;
    }
    return rows;
  }

  makeMessage({ room, message }) {
    const mine = message.sender_id === this.person.me.user_id;
    const parts = { by: el('span', { className: 'hush' }), text: el('span', { className: 'words' }),
      time: el('time'), tick: el('span', { className: 'tick' }),
      why: el('span'), failed: el('p', { className: 'failed-note' }) };
    const again = el('button', { className: 'link', type: 'button',
      onclick: () => this.person.retry(room, message) }, 'Try again');
    const drop = el('button', { className: 'link', type: 'button',
      onclick: () => this.person.discard(room, message) }, 'Discard');
    parts.failed.append(parts.why, ' ', again, drop);
    parts.by.textContent = mine ? 'You: ' : `${room.partner.name}: `;
    const stamp = el('span', { className: 'stamp' }, parts.time, mine ? parts.tick : null);
    const bubble = el('div', { className: 'bubble', dir: 'auto' },
      parts.by, parts.text, ' ', stamp);
    const side = mine ? 'mine' : 'theirs';
    const fresh = this.shown === room && now() - Date.parse(message.created_at) < 5000;
    const node = el('li', { className: `message ${side} ${fresh ? 'fresh' : ''}` },
      bubble, parts.failed);
    return Object.assign(node, { parts });
  }

  drawMessage(node, { room, message, turn }) {
    const { parts } = node;
    const state = room.stateOf(message);
    node.dataset.state = state;
    node.classList.toggle('turn', Boolean(turn));
    setText(parts.text, message.is_deleted ? 'Message deleted' : message.content);
    parts.text.classList.toggle('gone', Boolean(message.is_deleted));
    setText(parts.time, hour(message.created_at));
    parts.time.dateTime = message.created_at;
    drawTick(parts.tick, state);
    // What the server refused later (status) was paid back and cannot be sent again.
    parts.failed.hidden = state !== 'failed' || message.status === 'failed';
    setText(parts.why, message.trouble ?? '');
  }
}
