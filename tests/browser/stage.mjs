// What the scenes need: the local cloud, a browser, polling, and the count of what held.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARTEFACTS = join(ROOT, 'tests/artefacts');
/** All stories together; whatever hangs ends here. */
const RUN_MS_MAX = 170_000;
/** How long something that should happen at once may take on a busy machine. */
export const SOON_MS = 6_000;

/** Asks again and again until the answer is true; there is no fixed wait anywhere. */
export async function until(what, ask, limitMs = SOON_MS) {
  const end = Date.now() + limitMs;
  let seen;
  do {
    seen = await ask();
    if (seen) return seen;
    await new Promise((next) => setTimeout(next, 20));
  } while (Date.now() < end);
  throw new Error(`not within ${limitMs} ms: ${what}`);
}

export function equal(seen, wanted, what) {
  if (seen !== wanted) throw new Error(`${what}: ${JSON.stringify(seen)}, not ${wanted}`);
}

/** A port whose neighbour is free too: HTTP takes one, WebSocket the next. */
async function freePort() {
  const take = (port) => new Promise((done, fail) => {
    const server = createServer().on('error', fail).listen(port, '127.0.0.1', () => done(server));
  });
  for (let tries = 0; tries < 50; tries += 1) {
    const first = await take(0);
    const { port } = first.address();
    const second = await take(port + 1).catch(() => null);
    first.close();
    second?.close();
    if (second) return port;
  }
  throw new Error('no two free ports next to each other');
}

const answers = (base) => fetch(`${base}/_local`).then(({ ok }) => ok, () => false);

/** The cloud under test: the one at BASE_URL, or the built program on a port of its own. */
async function startCloud() {
  const given = process.env.BASE_URL;
  if (given) {
    await fetch(`${given}/_local/reset`, { method: 'POST' });
    return { base: given, stop: async () => {} };
  }
  const program = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/local');
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build -p local`);
  const port = await freePort();
  const child = spawn(program, ['--memory', '--port', String(port)], { stdio: 'pipe' });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => { log += part; });
  const ended = new Promise((done) => child.on('exit', done));
  const base = `http://127.0.0.1:${port}`;
  const stop = () => { child.kill('SIGTERM'); return ended; };
  try {
    await until('the local cloud answers', async () => {
      if (child.exitCode !== null) throw new Error('the local cloud ended');
      return answers(base);
    }, 20_000);
  } catch (cause) {
    console.error(log);
    await stop();
    throw cause;
  }
  return { base, stop, log: () => log };
}

/** A missing browser is a failure: a test that does not run proves nothing. */
async function startBrowser(folder) {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: apt-get install chromium`);
  return chromium.launch({
    executablePath: CHROMIUM,
    artifactsDir: folder,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      // Calls: a microphone and a camera that everybody has, and peers on this machine only.
      '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns'],
  });
}

/** Everything a browser context says that it should not: errors, and requests to elsewhere. */
export function watch(page, stage, name) {
  const complain = (text) => {
    if (!stage.expected?.test(text)) stage.complaints.push(`${name}: ${text}`);
  };
  page.on('console', (line) => { if (line.type() === 'error') complain(line.text()); });
  page.on('pageerror', (error) => complain(error.stack ?? String(error)));
  page.on('request', (request) => {
    const url = request.url();
    const own = [stage.base, `blob:${stage.base}`, 'data:'];
    if (!own.some((start) => url.startsWith(start))) complain(`asked for ${url}`);
  });
}

export class Stage {
  static async open() {
    const stage = Object.assign(new Stage(), { passed: 0, failed: 0, complaints: [], pages: {} });
    // Own folder for what the browser keeps; it goes with the run.
    stage.folder = mkdtempSync(join(tmpdir(), 'pairly-browser-'));
    mkdirSync(ARTEFACTS, { recursive: true });
    stage.timer = setTimeout(() => stage.giveUp(), RUN_MS_MAX);
    stage.cloud = await startCloud();
    stage.base = stage.cloud.base;
    stage.browser = await startBrowser(stage.folder);
    return stage;
  }

  /** A page in a context of its own: no storage in common with any other. */
  async enter(name, options = {}, script = null) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 },
      ...options });
    if (script) await context.addInitScript(script);
    const page = await context.newPage();
    page.setDefaultTimeout(SOON_MS);
    watch(page, this, name);
    await page.goto(this.base);
    this.pages[name] = page;
    return page;
  }

  async call(method, path, body, token) {
    const answer = await fetch(this.base + path, {
      method,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json',
        ...(token && { Authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }

  /** Acts as a local administrator of a role, signed as the page itself does it. */
  async asAdmin(role, method, path, body) {
    const { admins, region } = await this.call('GET', '/_local');
    const { now } = await this.call('GET', '/_local/clock');
    const source = readFileSync(join(ROOT, 'infra/local/page/signing.js'), 'utf8');
    const sign = new Function('now', `${source}; return signed;`)(() => Date.parse(now));
    const text = JSON.stringify(body);
    const url = new URL(path, this.base);
    const headers = await sign(admins.find((one) => one.role === role), region, method, url, text);
    const answer = await fetch(url, { method, body: text, headers: { ...headers,
      'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() } });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** The next story: a cloud as on the first day, and nobody in it. */
  async begin(story) {
    await Promise.all(Object.values(this.pages).map((page) => page.context().close()));
    Object.assign(this, { story, pages: {}, expected: null });
    await this.call('POST', '/_local/reset', {});
    console.log(`      ${story}`);
  }

  /** Does something that the server refuses, which the browser puts on its console. */
  async refused(status, act) {
    this.expected = new RegExp(`status of ${status}`);
    await act();
    this.expected = null;
  }

  /** Moves the clock of the cloud. */
  async later(seconds) {
    await this.call('POST', '/_local/clock', { advance_seconds: seconds });
  }

  /** The demo people by their names in small letters. */
  async people() {
    const { people } = await this.call('GET', '/_local');
    return Object.fromEntries(people.map((one) => [one.name.toLowerCase(), one]));
  }

  async tokenOf({ email, password }) {
    const answer = await this.call('POST', '/api/v2/auth/login', { email, password });
    return answer.access_token;
  }

  async say(token, receiver_id, content) {
    return this.call('POST', '/api/v2/messages/send', { receiver_id, content,
      message_type: 'text', attachments: [], client_message_id: crypto.randomUUID() }, token);
  }

  /** What must be so at the end of every story. */
  async finish() {
    await this.check('no console error, nothing loaded from elsewhere', async () => {
      equal(this.complaints.splice(0).join('\n'), '', 'complaints');
    });
  }

  async check(name, act) {
    if (this.over) return;
    const begun = Date.now();
    try {
      await act();
      this.passed += 1;
      console.log(`ok    ${name} (${Date.now() - begun} ms)`);
    } catch (cause) {
      if (this.over) return;
      this.failed += 1;
      console.log(`FAIL  ${name}\n      ${cause.message.split('\n').slice(0, 6).join('\n      ')}`);
      await this.picture(`failed-${this.story}-${this.failed}`);
    }
  }

  /** A picture of every page, kept as an artefact. */
  async picture(title) {
    for (const [name, page] of Object.entries(this.pages)) {
      const path = join(ARTEFACTS, `browser-${title}-${name}.png`);
      await page.screenshot({ path, animations: 'disabled' })
        .catch(() => console.log(`      no picture of ${name}`));
    }
  }

  giveUp() {
    this.failed += 1;
    console.log(`FAIL  the run takes longer than ${RUN_MS_MAX / 1000} s`);
    this.close();
  }

  async close() {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    if (this.failed && this.cloud?.log) console.log(this.cloud.log().slice(-4000));
    await Promise.all([this.browser?.close().catch(() => {}), this.cloud?.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exit(this.failed ? 1 : 0);
  }
}
