/** Which pane the person at the screen is dealing with: only there does reading happen. */
let attention = 'left';
/** Whether there is a mouse, and so in all likelihood a keyboard. */
const withMouse = matchMedia('(pointer: fine)');

/** The nodes of a template that the code speaks of, by their names. */
const namedIn = (root, kind) => Object.fromEntries([...root.querySelectorAll(`[data-${kind}]`)]
  .map((node) => [node.dataset[kind], node]));

/** One half of the page: draws a person and turns clicks and keys into what they mean. */
class Pane {
  constructor(slot, demo) {
    this.slot = slot;
    this.root = byName('pane').content.firstElementChild.cloneNode(true);
    this.root.dataset.slot = slot;
    this.root.setAttribute('aria-label', slot === 'left' ? 'First person' : 'Second person');
    this.ui = namedIn(this.root, 'ref');
    this.person = new Person(slot, {
      draw: () => this.draw(),
      joined: () => panes.forEach((pane) => pane.draw()),
      ended: (reason) => this.ended(reason),
      announce: (text) => setText(this.ui.live, text),
      say: (text) => toast(text),
      prove: (code) => askProof(this.person, this.root, code),
    });
    this.gate = new Gate(this.ui, this.person);
    this.gate.fill(demo);
    this.chat = new Chat(this);
    this.callPanel = new CallPanel(this);
    this.search = new Search(this);
    this.account = new Account(this);
    this.tab = el('button', { className: 'tab', onclick: () => showPane(slot) });
    this.tab.dataset.slot = slot;
    this.listen();
  }

  /** Goes on with the session that this tab had before it was loaded again. */
  async restore() {
    if (this.person.api.tokens) await this.person.start().catch((failure) => fail(failure));
    this.draw();
  }

  ended(reason) {
    this.root.querySelectorAll('dialog').forEach((dialog) => dialog.close());
    this.search.clear();
    if (reason) toast(reason);
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
    ui.account.onclick = () => this.account.open('sessions');
    ui.balance.onclick = () => this.account.open('credits');
    ui.retake.onclick = () => person.socket.open();
    ui.back.onclick = () => this.leave();
    ui.app.onkeydown = (event) => { if (event.key === 'Escape' && person.open) this.leave(); };
  }

  choose(partner) {
    this.person.show(this.person.room(partner)).catch(fail);
  }

  leave() {
    const key = this.person.open?.partner.user_id;
    this.person.show(null);
    this.draw();
    this.ui.conversations.querySelector(`[data-key="${key}"] button`)?.focus();
  }

  // Drawing

  draw() {
    const { ui, person } = this;
    const inside = Boolean(person.me);
    ui.gate.hidden = inside;
    ui.app.hidden = !inside;
    const name = inside ? person.me.name : this.slot === 'left' ? 'First' : 'Second';
    const loud = [...person.conversations.values()].filter((room) => !room.muted);
    this.unread = inside ? loud.reduce((sum, one) => sum + one.unread, 0) : 0;
    setText(this.tab, this.unread ? `${name} (${this.unread})` : name);
    document.title = panes.some((pane) => pane.unread) ? '• Pairly' : 'Pairly';
    const rivals = panes.filter((pane) => pane.person.me).length;
    this.root.classList.toggle('attended', inside && rivals > 1 && attention === this.slot);
    if (!inside) {
      this.chat.shown = null;
      return this.gate.draw();
    }
    this.root.setAttribute('aria-label', name);
    this.drawBar();
    this.drawNotice();
    this.callPanel.draw();
    this.search.draw();
    this.drawList();
    this.chat.draw();
    person.acknowledge(this.chat.looking);
  }

  drawBar() {
    const { ui, person: { me, link, wallet, low } } = this;
    drawFace(ui.face, me);
    setText(ui.name, me.name);
    ui.link.dataset.state = link;
    setText(ui.link, { live: 'Live', connecting: 'Connecting…', waiting: 'Reconnecting…',
      replaced: 'Open somewhere else', stopped: 'Not live', off: 'Not live' }[link]);
    ui.retake.hidden = link !== 'replaced' && link !== 'stopped';
    const left = wallet.available;
    const level = left === 0 ? 'empty' : low ? 'low' : 'fine';
    ui.balance.dataset.level = level;
    setText(ui.amount, count(left, 'credit'));
    setText(ui.level, level === 'fine' ? '' : `, balance is ${level}`);
  }

  /** Says once that the credits run low; it can be put away, and comes back with the next time. */
  drawNotice() {
    const { ui, person } = this;
    const { available: left, low_threshold: limit } = person.wallet;
    const shown = person.low && left > 0 && !person.hushed;
    if (!shown) return ui.notice.replaceChildren();
    const text = `${count(left, 'credit')} left. You asked to be told below ${limit}.`;
    if (ui.notice.firstChild) return setText(ui.notice.firstChild, text);
    const change = el('button', { className: 'link', onclick: () => this.account.open('credits') },
      'Change');
    const close = el('button', { className: 'round', ariaLabel: 'Put this hint away',
      onclick: () => { person.hushed = true; this.draw(); } }, icon('close'));
    ui.notice.replaceChildren(el('span', {}, text), change, close);
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
      preview: el('span', { className: 'preview' }), badge: el('span', { className: 'badge' }),
      sign: el('span', { className: 'sign' }) };
    const line = (...children) => el('span', { className: 'entry-line' }, ...children);
    const button = el('button', { className: 'entry-button', onclick: () => this.choose(partner) },
      parts.face, el('span', { className: 'entry-text' }, line(parts.name, parts.time),
        line(parts.tick, parts.preview, parts.sign, parts.badge)));
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
    const preview = last ? last.preview || KINDS[last.type] || 'Message deleted' : 'Say hello';
    setText(parts.preview, typing ? 'is typing…' : preview);
    setText(parts.time, last ? when(last.created_at) : '');
    this.drawSign(parts.sign, this.person.contacts.has(partner) ? 'block'
      : room?.muted ? 'hushed' : '');
    const unread = room?.unread ?? 0;
    parts.badge.hidden = !unread;
    parts.badge.classList.toggle('hushed', Boolean(room?.muted));
    setText(parts.badge, String(unread));
    parts.badge.ariaLabel = `${unread} unread`;
    const open = this.person.open?.partner.user_id === partner.user_id;
    button.setAttribute('aria-current', String(open));
  }

  drawSign(node, sign) {
    if (node.dataset.sign === sign) return;
    node.dataset.sign = sign;
    const label = { block: 'Blocked', hushed: 'Muted' }[sign];
    node.hidden = !sign;
    node.title = label ?? '';
    node.replaceChildren(...(sign ? [icon(sign), el('span', { className: 'hush' }, label)] : []));
  }
}
