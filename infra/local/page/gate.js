/** What the sign-in card can be about: its words, its fields and the ways on from it. */
const GATES = {
  'sign-in': { title: 'Who are you?',
    lead: 'Choose one person here, and another on the other side.', action: 'Sign in',
    fields: ['email', 'password'],
    ways: { 'sign-up': 'Create an account', forgot: 'Forgot your password?' } },
  'sign-up': { title: 'Create an account',
    lead: 'The code to confirm it arrives in the outbox below.', action: 'Create account',
    fields: ['name', 'email', 'password', 'birthdate'], ways: { 'sign-in': 'I have an account' } },
  verify: { title: 'Check your mail', lead: 'We wrote to {email}. It is in the outbox.',
    action: 'Confirm and sign in', fields: ['code'],
    ways: { 'sign-in': 'Back to sign-in', resend: 'Send the code again' } },
  forgot: { title: 'Forgot your password?',
    lead: 'We mail a link with which you choose a new one.', action: 'Send the link',
    fields: ['email'], ways: { 'sign-in': 'Back to sign-in' } },
  mailed: { title: 'Check your mail', lead: 'If {email} belongs to an account, a link to a new '
      + 'password is in the outbox below. It works for an hour.', action: 'Back to sign-in',
    fields: [], ways: { forgot: 'Send it again' } },
  factor: { title: 'Second factor', lead: 'Your password is right. Now the code from your '
      + 'authenticator app.', action: 'Sign in', fields: ['factor'],
    ways: { recovery: 'Use a recovery code', 'sign-in': 'Back to sign-in' } },
  birthday: { title: 'When were you born?', lead: 'Pairly is for adults, so a new account needs '
      + 'your date of birth.', action: 'Create account', fields: ['birthdate'],
    ways: { 'sign-in': 'Back to sign-in' } },
  recovery: { title: 'Recovery code', lead: 'One of the ten codes that you kept. Each works once.',
    action: 'Sign in', fields: ['recovery'],
    ways: { factor: 'Use the authenticator', 'sign-in': 'Back to sign-in' } },
};

/** The sign-in card of a pane, with all that leads to being signed in. */
class Gate {
  constructor(ui, person) {
    Object.assign(this, { ui, person, fields: ui.entry.elements, mode: 'sign-in' });
    ui.entry.onsubmit = (event) => { event.preventDefault(); this.enter(); };
    const leave = (provider) => leaveFor(provider, { slot: person.slot, mode: 'login',
      ask: exchange }).catch((failure) => this.refused(failure));
    ui.providers.append(...Object.entries(PROVIDERS).map(([provider, name]) =>
      el('button', { className: 'plain', type: 'button', ariaLabel: `Continue with ${name}`,
        onclick: () => leave(provider) }, name)));
  }

  fill({ email = '', password = '' } = {}) {
    this.fields.email.value = email;
    this.fields.password.value = password;
  }

  turn(mode) {
    this.mode = mode;
    this.ui.trouble.hidden = true;
    this.draw();
    (this.ui.entry.querySelector('label:not([hidden]) input') ?? this.ui.enter).focus();
  }

  resend() {
    exchange('POST', '/api/v2/auth/resend-verification', { email: this.fields.email.value })
      .then(() => { toast('A new code is on its way.'); drawOutboxNow(); }, fail);
  }

  async enter() {
    const { ui, fields } = this;
    const values = Object.fromEntries([...fields].map((field) => [field.name, field.value]));
    ui.trouble.hidden = true;
    ui.enter.disabled = true;
    try {
      await this.submit(values);
    } catch (failure) {
      this.refused(failure);
    }
    ui.enter.disabled = false;
    this.draw();
  }

  async submit({ name, email, password, birthdate, code, factor, recovery }) {
    const { mode } = this;
    if (mode === 'mailed') return this.turn('sign-in');
    if (mode === 'forgot') {
      await exchange('POST', '/api/v2/auth/password/forgot', { email });
      drawOutboxNow();
      this.fields.password.value = '';
      return this.turn('mailed');
    }
    if (mode === 'sign-up') {
      await exchange('POST', '/api/v2/auth/register', { name, email, password, birthdate });
      drawOutboxNow();
      return this.turn('verify');
    }
    if (mode === 'factor') return this.answer({ code: factor.replace(/\D/g, '') });
    if (mode === 'birthday') {
      return this.passed(await exchange('POST', '/api/v2/auth/oauth/exchange',
        { signup_token: this.signup, birthdate }));
    }
    if (mode === 'recovery') return this.answer({ recovery_code: recovery.trim() });
    if (mode === 'verify') {
      await exchange('POST', '/api/v2/auth/verify-email', { email, code: code.replace(/\D/g, '') });
      this.mode = 'sign-in';
    }
    await this.passed(await exchange('POST', '/api/v2/auth/login', { email, password }));
  }

  /** The first half of a sign-in is done, or all of it. */
  async passed(answer) {
    if (answer.mfa_required) {
      this.challenge = answer.challenge_id;
      return this.turn('factor');
    }
    for (const name of ['code', 'factor', 'recovery']) this.fields[name].value = '';
    this.mode = 'sign-in';
    await this.person.enter(answer);
  }

  async answer(proof) {
    const body = { challenge_id: this.challenge, ...proof };
    await this.passed(await exchange('POST', '/api/v2/auth/2fa/challenge', body));
  }

  refused(failure) {
    if (!(failure instanceof Failure)) throw failure;
    const mine = ['factor', 'recovery', 'birthday'].includes(this.mode);
    const { code, details } = failure;
    if (code === 'BIRTHDATE_REQUIRED') {
      this.signup = details.signup_token;
      return this.turn('birthday');
    }
    if (code === 'EMAIL_NOT_CONFIRMED' && this.mode === 'sign-in') this.turn('verify');
    // A challenge lives for minutes only: after that it begins anew.
    if (mine && code === 'OTP_EXPIRED') this.turn('sign-in');
    for (const name of ['factor', 'recovery']) this.fields[name].value = '';
    this.ui.trouble.textContent = mine && code === 'OTP_EXPIRED'
      ? 'That took too long. Sign in again.' : wordsOf(failure);
    this.ui.trouble.hidden = false;
  }

  draw() {
    const { ui, mode } = this;
    const { title, lead, action, fields, ways } = GATES[mode];
    setText(ui.title, title);
    setText(ui.lead, lead.replace('{email}', this.fields.email.value));
    setText(ui.enter, action);
    for (const label of ui.entry.querySelectorAll('.field')) {
      label.hidden = !fields.includes(label.dataset.for);
    }
    reconcile(ui.ways, Object.entries(ways).map(([key, text]) => ({ key, text })),
      ({ key, text }) => el('button', { className: 'link', type: 'button',
        onclick: () => (key === 'resend' ? this.resend() : this.turn(key)) }, text),
      (node, { text }) => setText(node, text));
    ui.providers.hidden = !['sign-in', 'sign-up'].includes(mode);
    ui.people.hidden = ui.or.hidden = mode !== 'sign-in' || !people.length;
    reconcile(ui.people, people.map((one) => ({ ...one, key: one.user_id })),
      (one) => this.makePerson(one), () => {});
  }

  makePerson(one) {
    const face = el('span', { className: 'avatar', ariaHidden: 'true' });
    drawFace(face, one);
    const enter = () => { this.fill(one); this.enter(); };
    return el('button', { className: 'person', onclick: enter }, face,
      el('span', {}, el('b', {}, `Sign in as ${one.name}`), el('br'),
        el('span', { className: 'quiet small' }, one.email)));
  }
}
