/** One signed-in person: everything known, and everything that can be done. */
class Person {
  constructor(slot, on) {
    Object.assign(this, { slot, on });
    this.api = new Api(slot, (failure) => this.end(failure.message), (code) => on.prove(code));
    this.contacts = new Contacts(this);
    this.outgoing = new Outgoing(this);
    this.calls = new Calls(this);
    this.socket = new Socket(this.api, {
      state: (state) => { this.link = state; this.changed(); },
      ready: (ready) => this.resume(ready),
      frame: (frame) => this.hear(frame),
      over: () => this.end('This session has ended.'),
    });
    this.forget();
  }

  forget() {
    Object.assign(this, { me: null, wallet: null, conversations: new Map(), open: null,
      early: [], syncToken: null, link: 'off', price: null, hushed: false });
    this.contacts.blocked.clear();
    this.outgoing.forget();
    this.calls.forget();
  }

  /** Drawing is put off to the end of the turn: many changes, one drawing. */
  changed() {
    this.drawing ??= Promise.resolve().then(() => { this.drawing = null; this.on.draw(); });
  }

  /** Goes on with the tokens of a sign-in that has succeeded. */
  async enter(answer) {
    this.api.keep(answer);
    await this.start();
  }

  async start() {
    const [me, wallet] = await Promise.all([this.api.call('GET', '/api/v2/user'),
      this.api.call('GET', '/api/v2/credits/balance'), this.list()]);
    Object.assign(this, { me, wallet });
    known.set(me.user_id, me.name);
    this.on.joined();
    // Whom this person blocked is read with every connection.
    this.socket.open();
    const { prices } = await this.api.call('GET', '/api/v2/credits/prices');
    this.price = prices.find(({ key }) => key === 'price.message')?.value;
    this.changed();
  }

  end(reason) {
    if (!this.me && !this.api.tokens) return;
    this.api.keep(null);
    this.socket.stop();
    this.forget();
    this.on.ended(reason);
    this.changed();
  }

  async signOut(everywhere) {
    const path = everywhere ? 'logout-all' : 'logout';
    // The socket would tell of the end as if somebody else had wanted it.
    this.socket.stop();
    await this.api.call('POST', `/api/v2/auth/${path}`, {}).catch(() => {});
    this.end();
  }

  // Reading state

  async list() {
    let cursor = '';
    do {
      const page = await this.api.call('GET', `/api/v2/messages/conversations?limit=50${cursor}`);
      for (const row of page.conversations) {
        const room = this.room(row.partner);
        room.partner = row.partner;
        room.id = row.conversation_id;
        room.unread = row.unread_count;
        room.mutedUntil = row.muted_until ?? null;
        room.activity = row.last_activity_at ?? '';
        // What is loaded already knows more than a row of the list.
        if (!room.last?.seq || room.last.id !== row.last_message?.id) room.last = row.last_message;
      }
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
    } while (cursor);
    for (const data of this.early.splice(0)) {
      if (this.byId(data.conversation_id)) this.hearStatus(data);
    }
    this.changed();
  }

  room(partner) {
    const { user_id } = partner;
    if (!this.conversations.has(user_id)) {
      this.conversations.set(user_id, new Conversation(partner));
    }
    known.set(user_id, partner.name);
    return this.conversations.get(user_id);
  }

  byId(id) {
    return id && [...this.conversations.values()].find((room) => room.id === id);
  }

  /** Catches up by state: heads and marks say exactly what is missing. */
  async resume({ server_time }) {
    clockOffset = Date.parse(server_time) - Date.now();
    for (const room of this.conversations.values()) {
      room.told = room.said = null;
      if (room.gap !== null) this.fill(room);
    }
    this.outgoing.wake();
    this.contacts.load().catch(() => {});
    this.calls.list().catch(() => {});
    const missing = [];
    let state;
    do {
      const from = this.syncToken ? { sync_token: this.syncToken } : {};
      try {
        state = await this.socket.ask('sync.resume', from);
      } catch (failure) {
        if (failure.code !== 'INVALID_CONTINUATION' || !this.syncToken) throw failure;
        this.syncToken = null;
        continue;
      }
      this.syncToken = state.sync_token;
      this.setBalance(state.wallet?.available);
      if (state.complete) this.calls.resume(state.calls).catch(() => {});
      for (const row of state.conversations) if (!this.catchUp(row)) missing.push(row);
    } while (!state?.complete);
    if (missing.length) {
      await this.list();
      missing.forEach((row) => this.catchUp(row));
    }
    this.changed();
  }

  catchUp(row) {
    const room = this.byId(row.conversation_id);
    if (!room) return false;
    room.mark(row.read, row.delivered?.theirs);
    room.unread = row.unread_count;
    if (room.loaded && row.head_seq > room.tail) this.fill(room);
    else if (row.head_seq > room.head && !room.loaded) this.listSoon();
    room.head = Math.max(room.head, row.head_seq);
    // Rows of the list have no number; the newest message's is the head's.
    if (room.last) room.last.seq ??= room.head;
    return true;
  }

  listSoon() {
    clearTimeout(this.listing);
    this.listing = setTimeout(() => this.list().catch(() => {}), 150);
  }

  async fetch(room, query) {
    const path = `/api/v2/messages/conversation/${room.partner.user_id}`;
    const page = await this.api.call('GET', `${path}?${query}`);
    room.id ??= page.messages[0]?.conversation_id ?? null;
    room.add(page.messages);
    room.mark(page.read, page.delivered?.theirs);
    return page;
  }

  /** Fetches everything after a number; a hole that is found meanwhile is filled too. */
  async fill(room, from = room.tail) {
    room.gap = Math.min(room.gap ?? from, from);
    room.holes += 1;
    if (room.filling) return;
    room.filling = true;
    try {
      while (room.gap !== null) {
        const { gap: start, holes } = room;
        const { messages, limited } = await this.fetch(room, `limit=100&after_seq=${start}`);
        const reached = Math.max(start, ...messages.map(({ seq }) => seq));
        const more = room.holes !== holes || (limited && reached > start);
        if (room.gap === start) room.gap = more ? reached : null;
      }
    } catch {
      // The gap is remembered: the next resume goes on.
    }
    room.filling = false;
    this.changed();
  }

  async show(room) {
    this.open = room;
    this.changed();
    if (!room || room.loaded) return;
    try {
      room.cursor = (await this.fetch(room, 'limit=30')).next_cursor;
    } catch (failure) {
      // Whoever blocked or left: to others there is nobody.
      if (failure.code !== 'USER_NOT_FOUND') throw failure;
      room.gone = true;
    }
    room.loaded = true;
    this.changed();
  }

  /** Loads a conversation back to a number, so that its message can be shown. */
  async reach(room, seq) {
    await this.show(room);
    while (room.cursor && !room.messages.some((one) => one.seq <= seq)) {
      if (room.fetching) await sleep(50);
      else await this.older(room, 100);
    }
  }

  async older(room, limit = 30) {
    if (!room.cursor || room.fetching) return;
    room.fetching = true;
    try {
      const cursor = encodeURIComponent(room.cursor);
      const page = await this.fetch(room, `limit=${limit}&cursor=${cursor}`);
      room.cursor = page.next_cursor;
    } catch (failure) {
      if (failure.code !== 'INVALID_CURSOR') throw failure;
      room.cursor = (await this.fetch(room, 'limit=30')).next_cursor;
    } finally {
      room.fetching = false;
      this.changed();
    }
  }

  setBalance(available) {
    if (this.wallet && available !== undefined) this.wallet.available = available;
    // A hint that was put away comes again only after the balance has recovered.
    if (!this.low) this.hushed = false;
  }

  /** Whether there are fewer credits than this person wants to have. */
  get low() { return this.wallet?.available < this.wallet?.low_threshold; }

  // What the socket tells

  hear({ type, data }) {
    if (type.startsWith('call.')) return this.calls.hear(type, data);
    const heard = {
      'message.new': () => this.hearMessage(data),
      'message.status': () => this.hearStatus(data),
      'message.updated': () => this.hearDecision(data),
      'message.deleted': () => this.hearDeletion(data),
      'conversation.updated': () => this.listSoon(),
      'credits.changed': () => this.setBalance(data.available),
      'credits.low': () => this.setBalance(data.available),
      'session.revoked': () => this.end('This session was ended.'),
      'account.action': () => this.on.say(data.reason ?? 'Your account has changed.'),
      typing: () => this.hearTyping(data),
    }[type];
    heard?.();
    this.changed();
  }

  hearMessage({ conversation, unread_total, ...message }) {
    const mine = message.sender_id === this.me.user_id;
    const user_id = mine ? message.receiver_id : message.sender_id;
    if (!known.has(user_id)) this.listSoon();
    const room = this.room({ user_id, name: known.get(user_id) ?? 'Somebody new' });
    room.id = message.conversation_id;
    room.unread = conversation?.unread_count ?? room.unread;
    if (!mine) room.typingUntil = 0;
    // A number was left out: fetch the hole rather than show a conversation with one.
    const hole = room.loaded && message.seq > room.tail + 1;
    if (hole) this.fill(room);
    else if (room.loaded) room.add([message]);
    else if (message.seq >= (room.last?.seq ?? 0)) room.tip(message);
    room.head = Math.max(room.head, message.seq);
    if (!mine && !room.muted) this.on.announce(
      `${room.partner.name}: ${message.content || KINDS[message.message_type]}`);
  }

  hearStatus(data) {
    const { id, status, up_to_seq, conversation_id, user_id, unread_count } = data;
    const room = this.byId(conversation_id);
    if (!room) {
      // The other side was faster than the answer to the first message.
      this.early.push(data);
      return this.listSoon();
    }
    if (status === 'failed') return room.patch({ id, status });
    const read = status === 'read' ? up_to_seq : 0;
    if (user_id !== this.me.user_id) return room.mark({ theirs: read }, up_to_seq);
    room.mark({ mine: read });
    room.unread = unread_count ?? room.unread;
  }

  /** Moderation has decided: what is blocked loses its content for who received it. */
  hearDecision(data) {
    const room = this.byId(data.conversation_id);
    const message = room?.messages.find(({ id }) => id === data.id);
    const lost = data.moderation_status === 'blocked' && message?.sender_id !== this.me.user_id;
    room?.patch(lost ? { ...data, content: '', attachments: [] } : data);
  }

  hearDeletion({ id, conversation_id, scope }) {
    const room = this.byId(conversation_id);
    if (scope === 'me' && room) room.messages = room.messages.filter((one) => one.id !== id);
    else room?.patch({ id, is_deleted: true, content: '', attachments: [] });
    this.listSoon();
  }

  hearTyping({ conversation_id, state, expires_in_ms = 6000 }) {
    const room = this.byId(conversation_id);
    if (!room) return;
    room.typingUntil = state === 'composing' ? Date.now() + expires_in_ms : 0;
    setTimeout(() => this.changed(), expires_in_ms + 20);
  }

  // What the person does

  /** Deletes a message for both or for oneself; one not delivered yet gives its price back. */
  async remove(room, { id }, scope) {
    const answer = await this.api.call('DELETE', `/api/v2/messages/${id}?scope=${scope}`);
    this.hearDeletion({ ...answer, conversation_id: room.id });
    if (answer.refunded) {
      this.on.say('Taken back before it was delivered: your credit is back.');
      this.setBalance((await this.api.call('GET', '/api/v2/credits/balance')).available);
    }
    this.changed();
  }

  /** Tells the server what has arrived and what is being looked at, each once. */
  acknowledge(looking) {
    if (!this.socket.ready || !this.me) return;
    for (const room of this.conversations.values()) {
      const theirs = (message) => message.seq && message.sender_id !== this.me.user_id;
      const last = room.messages.findLast(theirs);
      const tip = last ?? (room.last?.sender_id !== this.me.user_id ? room.last : null);
      if (!tip?.id) continue;
      if (looking && room === this.open && last) this.acknowledgeReading(room, last);
      else if (tip.status === 'sent' && tip.id !== room.told && !(tip.seq <= room.read.mine)) {
        room.told = tip.id;
        this.socket.ask('message.delivered', { message_id: tip.id })
          .then(({ status }) => { tip.status = status; }, () => {});
      }
    }
  }

  acknowledgeReading(room, last) {
    if (last.seq <= room.read.mine || last.seq <= room.said) return;
    room.said = last.seq;
    const upTo = { conversation_id: room.id, up_to_seq: last.seq };
    this.socket.ask('message.read', upTo).then(() => {
      room.mark({ mine: last.seq });
      if (last.seq >= room.head) room.unread = 0;
      this.changed();
    }, () => {});
  }

  /** At most one frame in 3 s; while somebody goes on typing, one every 3 s. */
  typed(room) {
    clearTimeout(room.typingAgain);
    if (!room.id || !this.socket.ready) return;
    const state = room.draft.trim() ? 'composing' : 'paused';
    const wait = (room.typingSent ?? 0) + 3100 - Date.now();
    if (wait > 0) {
      room.typingAgain = setTimeout(() => this.typed(room), wait);
    } else if (state === 'composing' || room.typingState === 'composing') {
      Object.assign(room, { typingSent: Date.now(), typingState: state });
      this.socket.tell('typing', { conversation_id: room.id, state });
    }
  }
}
