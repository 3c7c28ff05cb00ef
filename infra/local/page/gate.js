/** The sign-in card of a pane; also for new accounts and the code that confirms them. */
class Gate {
  constructor(ui, person) {
    Object.assign(this, { ui, person, fields: ui.entry.elements, mode: 'sign-in' });
    ui.entry.onsubmit = (event) => { event.preventDefault(); this.enter(); };
    ui.other.onclick = () => this.turn(this.mode === 'sign-in' ? 'sign-up' : 'sign-in');
    ui.resend.onclick = () => exchange('POST', '/api/v2/auth/resend-verification',
      { email: this.fields.email.value }).then(drawOutboxNow, fail);
  }

  fill({ email = '', password = '' } = {}) {
    this.fields.email.value = email;
    this.fields.password.value = password;
  }

  turn(mode) {
    this.mode = mode;
    this.ui.trouble.hidden = true;
    this.draw();
    this.ui.entry.querySelector('label:not([hidden]) input').focus();
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

  async submit({ name, email, password, birthdate, code }) {
    if (this.mode === 'sign-up') {
      await exchange('POST', '/api/v2/auth/register', { name, email, password, birthdate });
      drawOutboxNow();
      return this.turn('verify');
    }
    if (this.mode === 'verify') {
      await exchange('POST', '/api/v2/auth/verify-email', { email, code: code.replace(/\D/g, '') });
      this.fields.code.value = '';
      this.mode = 'sign-in';
    }
    await this.person.signIn(email, password);
  }

  refused(failure) {
    if (!(failure instanceof Failure)) throw failure;
    if (failure.code === 'EMAIL_NOT_CONFIRMED') this.turn('verify');
    const rows = (failure.details.fields ?? []).map(({ field, message }) =>
      `${field.replace('/', '')}: ${message}`);
    this.ui.trouble.textContent = [failure.message, ...rows].join('\n');
    this.ui.trouble.hidden = false;
  }

  draw() {
    const { ui, mode } = this;
    const words = {
      'sign-in': ['Who are you?', 'Choose one person here, and another on the other side.',
        'Sign in', 'Create an account'],
      'sign-up': ['Create an account', 'The code to confirm it arrives in the outbox below.',
        'Create account', 'I have an account'],
      verify: ['Check your mail', `We wrote to ${this.fields.email.value}. It is in the outbox.`,
        'Confirm and sign in', 'Back to sign-in'],
    }[mode];
    [ui.title, ui.lead, ui.enter, ui.other].forEach((node, n) => setText(node, words[n]));
    const shown = { 'sign-in': ['email', 'password'], verify: ['code'],
      'sign-up': ['name', 'email', 'password', 'birthdate'] }[mode];
    for (const label of ui.entry.querySelectorAll('.field')) {
      label.hidden = !shown.includes(label.dataset.for);
    }
    ui.resend.hidden = mode !== 'verify';
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
