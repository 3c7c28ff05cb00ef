/** What one person has written and the server does not have yet. */
class Outgoing {
  constructor(person) {
    this.person = person;
    this.forget();
  }

  forget() { Object.assign(this, { queue: [], sending: false, waiting: [] }); }

  /** There is a connection again. */
  wake() { this.waiting.splice(0).forEach((done) => done()); }

  /** Shows the message at once and sends it in its turn. */
  send(room, content, pictures = []) {
    const key = crypto.randomUUID();
    const attachments = pictures.map(({ media_id, preview, name }) =>
      ({ media_id, preview, file_name: name, content_type: 'image/*' }));
    const message = { key, client_message_id: key, content, attachments,
      sender_id: this.person.me.user_id, state: 'sending',
      created_at: new Date(now()).toISOString() };
    room.messages.push(message);
    this.queue.push([room, message]);
    this.person.changed();
    this.drain();
  }

  retry(room, message) {
    message.state = 'sending';
    message.trouble = null;
    this.queue.push([room, message]);
    this.person.changed();
    this.drain();
  }

  discard(room, message) {
    room.messages = room.messages.filter((other) => other !== message);
    this.person.changed();
  }

  /** One after the other, so that messages arrive in the order in which they were written. */
  async drain() {
    if (this.sending) return;
    this.sending = true;
    while (this.queue.length) await this.deliver(...this.queue.shift());
    this.sending = false;
  }

  async deliver(room, message) {
    const body = { receiver_id: room.partner.user_id, content: message.content,
      message_type: message.attachments.length ? 'image' : 'text',
      attachments: message.attachments.map(({ media_id }) => ({ media_id })),
      client_message_id: message.key };
    for (let attempt = 0; message.state === 'sending'; attempt += 1) {
      try {
        const answer = await this.post(body);
        room.id = answer.conversation_id;
        const from = room.tail;
        room.add([{ ...answer, client_message_id: message.key, state: null }]);
        if (room.loaded && answer.seq > from + 1) this.person.fill(room, from);
        this.person.setBalance(answer.balance_after);
      } catch (failure) {
        if (!this.person.me) return;
        // Without a connection nothing is lost: it goes out as soon as there is one.
        if (failure.status === 0) await Promise.race([this.reconnected(), sleep(jitter(attempt))]);
        else if (!failure.retryable || attempt > 4) this.refused(room, message, failure);
        else await sleep(failure.waitSeconds * 1000 || jitter(attempt));
      }
      this.person.changed();
    }
  }

  reconnected() { return new Promise((done) => this.waiting.push(done)); }

  /** By frame while there is a socket, else by HTTP: the client's id makes both the same. */
  async post(body) {
    try {
      if (this.person.socket.ready) return await this.person.socket.ask('message.send', body);
    } catch (failure) {
      if (failure.status !== 0) throw failure;
    }
    return this.person.api.call('POST', '/api/v2/messages/send', body);
  }

  /** Why it was refused is said at the message itself. */
  refused(room, message, failure) {
    const { code, details } = failure;
    const { name } = room.partner;
    message.state = 'failed';
    message.trouble = code === 'USER_NOT_FOUND' ? `${name} cannot be reached.` : wordsOf(failure);
    if (code === 'INSUFFICIENT_CREDITS') this.person.setBalance(details.available);
    if (code === 'BLOCKED') this.person.contacts.load().catch(() => {});
  }
}
