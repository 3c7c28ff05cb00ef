// ---- Server ------------------------------------------------------------------------------------

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Full jitter (realtime.md, Backoff): everybody waits differently, or all return at once. */
const jitter = (attempt, least = 0, spread = 0) => {
  const most = Math.min(60, Math.max(spread, 2 ** attempt));
  return 1000 * (least + Math.random() * Math.max(0, most - least));
};
/** Codes after which a session is over, whatever was asked. */
const OVER = new Set(['SESSION_REVOKED', 'SESSION_EXPIRED', 'TOKEN_INVALID', 'UNAUTHENTICATED',
  'REFRESH_TOKEN_INVALID', 'REFRESH_TOKEN_REUSED', 'USER_BANNED', 'TOKEN_EXPIRED']);

/** Codes after which the owner has to show anew that it is them. */
const STALE = new Set(['REAUTHENTICATION_NEEDED', 'INSUFFICIENT_AAL']);

/** A refusal by the server, or none of its answers at all (status 0). */
class Failure extends Error {
  constructor(status, error = {}, waitSeconds = null) {
    // The gateway itself answers without an envelope: then the status has to do.
    super(error.message ?? (status ? `The server answered ${status}.` : 'No connection.'));
    Object.assign(this, { status, code: error.code ?? `HTTP_${status}`, trace: error.trace_id,
      details: error.details ?? {}, waitSeconds });
  }

  get retryable() {
    return this.status === 0 || this.status === 429 || this.status >= 500
      || this.code === 'IDEMPOTENCY_IN_PROGRESS' || this.code === 'RATE_LIMITED';
  }
}

async function exchange(method, path, body, token) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(30_000) });
  } catch {
    throw new Failure(0);
  }
  const parsed = await answer.json().catch(() => null);
  if (answer.ok) return parsed;
  const wait = Number(answer.headers.get('Retry-After')) || null;
  throw new Failure(answer.status, parsed?.error, wait);
}

/** HTTP for one session: it knows the tokens, and renews them when they have expired. */
class Api {
  constructor(slot, onOver, prove) {
    this.prove = prove;
    // Per tab, so that each tab is a client of its own and a reload is not a sign-out.
    this.key = `pairly.${slot}`;
    this.onOver = onOver;
    this.tokens = JSON.parse(sessionStorage.getItem(this.key));
  }

  keep(answer) {
    this.tokens = answer && { access: answer.access_token, refresh: answer.refresh_token };
    if (answer) sessionStorage.setItem(this.key, JSON.stringify(this.tokens));
    else sessionStorage.removeItem(this.key);
  }

  async call(method, path, body, again = true) {
    const token = this.tokens?.access;
    try {
      return await exchange(method, path, body, token);
    } catch (failure) {
      if (!token || failure.status < 401 || failure.status > 403) throw failure;
      if (failure.code === 'TOKEN_EXPIRED' && again) {
        await this.renew(token);
        return this.call(method, path, body, false);
      }
      if (OVER.has(failure.code)) this.onOver(failure);
      throw failure;
    }
  }

  /** Like `call`, for what needs a recent proof of presence: asks for one unless it was given. */
  async fresh(method, path, body, given = null) {
    for (;;) {
      try {
        return await this.call(method, path, body);
      } catch (failure) {
        if (!STALE.has(failure.code)) throw failure;
        if (given && failure.code === 'REAUTHENTICATION_NEEDED') {
          await this.reauthenticate(given);
          given = null;
        } else if (!await this.prove(failure.code)) {
          throw new Failure(403, { message: 'Nothing was changed: it was not confirmed.' });
        }
      }
    }
  }

  /** Shows again that it is the owner: with the password, or a code of the second factor. */
  async reauthenticate(proof) {
    const answer = await this.call('POST', '/api/v2/auth/reauthenticate', proof);
    this.keep({ ...answer, refresh_token: this.tokens.refresh });
  }

  /** Several requests may find out at once; the refresh token is spent only once. */
  renew(expired) {
    if (this.tokens && this.tokens.access !== expired) return Promise.resolve();
    this.renewing ??= exchange('POST', '/api/v2/auth/refresh',
      { refresh_token: this.tokens?.refresh ?? '' })
      .then((answer) => this.keep(answer))
      .catch((failure) => {
        if (OVER.has(failure.code)) this.onOver(failure);
        throw failure;
      })
      .finally(() => { this.renewing = null; });
    return this.renewing;
  }
}

/** The socket of one session. Everything it tells can also be read over HTTP. */
class Socket {
  constructor(api, on) {
    Object.assign(this, { api, on, live: null, asked: new Map(), seen: new Set(), attempt: 0,
      advice: { min_seconds: 0, max_seconds: 1 } });
  }

  get ready() { return this.live?.readyState === WebSocket.OPEN; }

  async open() {
    clearTimeout(this.again);
    this.wanted = true;
    const turn = this.turn = Symbol('the latest attempt');
    this.on.state(this.ready ? 'live' : 'connecting');
    try {
      const ticket = await this.api.call('POST', '/api/v2/ws/tickets', {});
      if (this.turn === turn && this.wanted) this.attach(new WebSocket(ticket.url), ticket);
    } catch {
      if (this.turn === turn) this.later();
    }
  }

  attach(wire, { reconnect, ping_interval_seconds }) {
    this.advice = reconnect;
    wire.onopen = () => this.greet(wire, ping_interval_seconds * 1000);
    wire.onmessage = (event) => this.receive(wire, JSON.parse(event.data));
    wire.onclose = (event) => this.closed(wire, event.code);
  }

  async greet(wire, pingMs) {
    try {
      const ready = await this.ask('hello', { client: 'pairly-page', version: '1' }, wire);
      const old = this.live;
      this.live = wire;
      this.attempt = 0;
      wire.pinging = setInterval(() => this.ask('ping', {
        activity: document.hidden ? 'background' : 'app' }).catch(() => wire.close()), pingMs);
      await this.on.ready(ready);
      // Only now, so that a planned change of sockets loses no frame.
      old?.close(1000);
      this.on.state('live');
    } catch {
      wire.close();
    }
  }

  tell(type, data, wire = this.live) {
    const id = crypto.randomUUID();
    wire.send(JSON.stringify({ v: 1, id, type, ts: Date.now(), data }));
    return id;
  }

  /** Sends a frame and resolves with the data of its answer. */
  ask(type, data, wire = this.live) {
    return new Promise((resolve, reject) => {
      if (wire?.readyState !== WebSocket.OPEN) return reject(new Failure(0));
      const id = this.tell(type, data, wire);
      const timer = setTimeout(() => this.asked.get(id)?.reject(new Failure(0)), 10_000);
      const done = (settle) => (value) => {
        clearTimeout(timer);
        this.asked.delete(id);
        settle(value);
      };
      this.asked.set(id, { wire, resolve: done(resolve), reject: done(reject) });
    });
  }

  receive(wire, frame) {
    const { type, ref, data } = frame;
    if (type === 'error') {
      if (data.close_code) wire.farewell = data;
      const status = data.code === 'RATE_LIMITED' ? 429 : 400;
      const wait = data.retry_after_ms ? data.retry_after_ms / 1000 : null;
      this.asked.get(ref)?.reject(new Failure(status, data, wait));
    } else if (ref) {
      this.asked.get(ref)?.resolve(data);
    } else if (type === 'reconnect') {
      setTimeout(() => this.wanted && this.open(), data.after_ms ?? 0);
    } else if (!this.seen.has(frame.id)) {
      // A fact may be delivered twice, with the same id.
      this.seen.add(frame.id);
      if (this.seen.size > 1000) this.seen.delete(this.seen.values().next().value);
      this.on.frame(frame);
    }
  }

  closed(wire, wireCode) {
    clearInterval(wire.pinging);
    for (const open of this.asked.values()) if (open.wire === wire) open.reject(new Failure(0));
    if (this.live !== wire && this.ready) return;
    this.live = null;
    if (!this.wanted) return;
    // The cloud's gateway lets nobody choose a close code: the frame before it says it.
    const code = wire.farewell?.close_code ?? wireCode;
    if (code === 4003 || code === 4014) return this.on.over();
    if (code === 4009) return this.stop('replaced');
    if (code === 1008 || code === 4013) return this.stop('stopped');
    this.later(wire.farewell?.retry_after_ms);
  }

  later(waitMs) {
    if (!this.wanted) return;
    this.on.state('waiting');
    const { min_seconds, max_seconds } = this.advice;
    const wait = waitMs ?? jitter(this.attempt++, min_seconds, max_seconds);
    this.again = setTimeout(() => this.open(), wait);
  }

  stop(state = 'off') {
    clearTimeout(this.again);
    this.wanted = false;
    this.turn = null;
    this.live?.close(1000);
    this.live = null;
    this.on.state(state);
  }
}
