/** Why there is no call any more, by the reason that the server gives. */
const ENDINGS = { invite_timeout: 'No answer', declined: 'Declined', busy: 'Busy',
  unavailable: 'Not available', cancelled_by_caller: 'Missed call', ice_failed: 'No connection',
  ice_timeout: 'No connection', user_media_failed: 'No microphone', media_timeout: 'No connection',
  credits_exhausted: 'The credits are used up', peer_lost: 'The connection was lost',
  max_duration: 'The longest call is four hours' };
/** How often an end shows that it lives, ms (calls.md, Limits and timings). */
const ALIVE_MS = 20_000;
/** How many candidates go into one signal. */
const CANDIDATES_MAX = 20;
/** A length of time as minutes and seconds. */
const lasted = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

/** The one call of a person: it rings, it is talked, or it is just over. */
class Calls {
  constructor(person) {
    Object.assign(this, { person, current: null, history: [] });
  }

  get api() { return this.person.api; }

  forget() {
    this.leave();
    Object.assign(this, { current: null, history: [] });
  }

  path(what = '') { return `/api/v2/calls/${this.current.id}${what}`; }

  // Beginning

  begin(call) {
    this.leave();
    const current = { status: 'calling', signals: 0, ...call };
    const mine = (act) => (...given) => { if (this.current === current) act(...given); };
    current.line = new Line(call.type, { media: mine(() => this.person.changed()),
      state: mine((state) => this.hearLine(state)),
      candidates: mine((found) => this.tell(found)) });
    this.current = current;
    this.person.changed();
    return current;
  }

  /** Rings at somebody; the offer goes along, so that an answer is all that is missing. */
  async ring(partner, type) {
    if (this.current) return;
    const call = this.begin({ partner, type, outgoing: true });
    try {
      await call.line.open();
      const sdp_offer = await call.line.offer();
      const answer = await this.api.call('POST', '/api/v2/calls/initiate', { call_type: type,
        receiver_id: partner.user_id, sdp_offer, client_call_id: crypto.randomUUID() });
      if (this.current !== call) return this.abandon(answer.id);
      this.take(answer);
      call.line.help(answer.ice_servers);
    } catch (failure) {
      if (this.current !== call) return;
      this.over();
      // Both rang at the same moment: the call of the other one is taken.
      if (failure.code !== 'CALL_GLARE') throw failure;
      await this.hearIncoming({ call_id: failure.details.call_id, caller: partner,
        call_type: type });
      await this.accept();
    }
  }

  /** It was hung up before the server had answered that it rings. */
  abandon(id) {
    return this.api.call('POST', `/api/v2/calls/${id}/end`, {}).catch(() => {});
  }

  async hearIncoming({ call_id, caller, call_type }) {
    if (this.current) return;
    const partner = { user_id: caller.user_id, name: caller.name };
    known.set(partner.user_id, partner.name);
    this.begin({ id: call_id, partner, type: call_type, outgoing: false, status: 'incoming' });
    this.person.on.announce(`${partner.name} is calling`);
    await this.api.call('POST', this.path('/ringing'), {}).catch(() => this.over());
  }

  async accept() {
    const call = this.current;
    call.status = 'connecting';
    this.person.changed();
    try {
      await call.line.open();
      const { signals } = await this.api.call('GET', this.path());
      const offer = signals.find(({ kind }) => kind === 'offer');
      const sdp_answer = await call.line.answer(offer.payload);
      const answer = await this.api.call('POST', this.path('/accept'), { sdp_answer });
      this.take(answer);
      call.line.help(answer.ice_servers);
      call.line.tell();
    } catch (failure) {
      this.over();
      throw failure;
    }
  }

  // Going on

  /** What an answer of the server says of the call. */
  take({ id, status, rate_per_minute, connected_at }) {
    const call = this.current;
    call.id = id;
    call.rate ??= rate_per_minute;
    if (connected_at) call.connectedAt = connected_at;
    if (status === 'accepted' && call.status !== 'connected') call.status = 'connecting';
    if (status === 'connected') call.status = 'connected';
    this.person.changed();
  }

  /** Ways to this end, as many at a time as a signal may carry. */
  tell(found) {
    for (let n = 0; n < found.length; n += CANDIDATES_MAX) {
      this.signal('candidates', { candidates: found.slice(n, n + CANDIDATES_MAX) });
    }
  }

  signal(kind, payload) {
    const { socket } = this.person;
    if (!socket.ready) return;
    socket.ask('call.signal', { call_id: this.current.id, kind, payload })
      .catch(() => {});
  }

  async hearLine(state) {
    const call = this.current;
    call.lost = state === 'disconnected';
    this.person.changed();
    if (state === 'failed') return this.hangUp('ice_failed').catch(fail);
    if (state !== 'connected' || call.reported) return;
    call.reported = true;
    // By the clock of the cloud, which can be moved: it is the one that misses the sign of life.
    call.aliveAt = now();
    call.alive = setInterval(() => { if (now() - call.aliveAt >= ALIVE_MS) this.live(call); }, 500);
    try {
      this.take(await this.api.call('POST', this.path('/connected'), {}));
    } catch (failure) {
      if (failure.code !== 'CALL_ENDED') throw failure;
      this.over(failure.details.ended_reason);
    }
  }

  /** Tells that this end still lives, and whether it hears the other one. */
  live(call) {
    call.aliveAt = now();
    this.person.socket.ask('call.alive', { call_id: call.id,
      media_state: call.lost ? 'reconnecting' : 'ok' }).catch(() => {});
  }

  // What the socket tells

  hear(type, data) {
    if (type === 'call.incoming') return this.hearIncoming(data).catch(fail);
    if (this.current?.id !== data.call_id) return this.listSoon();
    // What the call took from or gave back to the wallet comes along.
    this.person.setBalance(data.wallet?.available);
    const heard = {
      'call.ringing': () => { this.current.status = 'ringing'; },
      'call.accepted': () => this.hearAccepted().catch(fail),
      'call.signal': () => this.hearSignal(data).catch(() => {}),
      'call.connected': () => this.take({ ...data, id: data.call_id, status: 'connected' }),
      'call.credit_warning': () => { this.current.warning = data.seconds_left; },
      'call.rejected': () => this.over(data.reason ?? 'declined'),
      'call.cancelled': () => this.hearCancelled(data),
      'call.missed': () => this.over('invite_timeout'),
      'call.ended': () => this.over(data.ended_reason, data),
    }[type];
    heard?.();
    this.person.changed();
  }

  async hearAccepted() {
    const call = this.current;
    if (!call.outgoing || call.answered) return;
    call.answered = true;
    const { signals, ...state } = await this.api.call('GET', this.path());
    this.take(state);
    const answer = signals.find(({ kind }) => kind === 'answer');
    await call.line.hear('answer', answer.payload);
    call.line.tell();
  }

  async hearSignal({ kind, payload }) {
    const { line } = this.current;
    if (kind === 'candidates') await line.learn(payload.candidates);
  }

  /** Another device of the same person has taken or refused it, or it was taken back. */
  hearCancelled({ reason }) {
    const elsewhere = { answered_elsewhere: 'Answered on another device',
      declined_elsewhere: 'Declined on another device' }[reason];
    this.over(elsewhere ? null : reason ?? 'cancelled_by_caller');
    if (elsewhere) this.person.on.say(`${elsewhere}.`);
  }

  /** After a pause of the socket: how the call stands is a state that can be read. */
  async resume(live) {
    const call = this.current;
    if (!call?.id) {
      const ringing = live.find(({ status, receiver_id }) => status === 'ringing'
        && receiver_id === this.person.me.user_id);
      if (ringing) await this.hearIncoming({ ...ringing, call_id: ringing.id });
      return;
    }
    const state = await this.api.call('GET', this.path());
    if (this.current !== call) return;
    if (state.ended_reason) return this.over(state.ended_reason, state);
    this.take(state);
    if (call.outgoing && state.status === 'accepted') await this.hearAccepted();
  }

  // Ending

  async decline() {
    const { id } = this.current;
    this.over();
    await this.api.call('POST', `/api/v2/calls/${id}/reject`, { reason: 'declined' });
    this.listSoon();
  }

  async hangUp(reason = 'user_hangup') {
    const { id } = this.current;
    this.over();
    if (!id) return;
    const answer = await this.api.call('POST', `/api/v2/calls/${id}/end`, { reason });
    this.person.on.say(this.sumUp(answer));
    this.listSoon();
  }

  /** The call is over here; what it came to is said, if there is something to say. */
  over(reason, answer) {
    const call = this.current;
    if (!call) return;
    this.leave();
    this.current = null;
    if (reason) this.person.on.say(this.sumUp({ ended_reason: reason, ...answer }));
    this.person.changed();
    this.listSoon();
  }

  leave() {
    clearInterval(this.current?.alive);
    this.current?.line.close();
  }

  sumUp({ ended_reason: reason, duration_seconds: seconds, credits_spent: spent }) {
    const words = ENDINGS[reason] ?? 'The call has ended';
    const facts = [seconds ? lasted(seconds) : null, spent ? count(spent, 'credit') : null];
    return [`${words}.`, facts.filter(Boolean).join(', ')].filter(Boolean).join(' ');
  }

  // What was

  listSoon() {
    clearTimeout(this.listing);
    this.listing = setTimeout(() => this.list().catch(() => {}), 150);
  }

  async list() {
    if (!this.person.me) return;
    const { calls } = await this.api.call('GET', '/api/v2/calls/history?limit=100');
    this.history = calls.filter(({ ended_at }) => ended_at);
    this.person.changed();
  }

  /** The calls with one person, oldest first. */
  with({ user_id }) {
    return this.history.filter(({ caller_id, receiver_id }) =>
      caller_id === user_id || receiver_id === user_id).toReversed();
  }

  /** A past call in words, as this person had it. */
  describe({ caller_id, call_type, status, duration_seconds: seconds, credits_spent: spent }) {
    const mine = caller_id === this.person.me.user_id;
    const kind = call_type === 'video' ? 'Video call' : 'Call';
    if (!seconds) {
      const why = { rejected: 'declined', cancelled: 'cancelled', missed: 'not answered' }[status];
      if (!mine && status !== 'rejected') return `Missed ${kind.toLowerCase()}`;
      return `${kind}, ${why ?? 'not connected'}`;
    }
    return [kind, lasted(seconds), mine && spent ? count(spent, 'credit') : null]
      .filter(Boolean).join(', ');
  }
}
