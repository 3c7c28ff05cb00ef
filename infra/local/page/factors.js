/** The second factor: switching it on and off, and the codes for when the app is lost. */
class FactorsSection {
  title = 'Two-factor sign-in';

  async show(body, account) {
    Object.assign(this, { body, account, api: account.person.api });
    const status = await this.api.call('GET', '/api/v2/auth/2fa');
    if (account.person.me) account.person.me.two_factor = status.enabled;
    if (status.enabled) this.drawOn(status);
    else this.drawOff();
  }

  again() { return this.show(this.body, this.account); }

  /** Refusals of a button are told in the section, where they happen. */
  button(text, path, done, props) {
    return makeButton(text, async () => {
      try {
        done(await this.api.fresh('POST', path, {}));
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        this.trouble(failure);
      }
    }, props);
  }

  trouble(failure) {
    this.body.querySelector('.trouble')?.remove();
    this.body.append(el('p', { className: 'trouble', role: 'alert' }, wordsOf(failure)));
  }

  drawOff() {
    this.body.replaceChildren(
      el('p', {}, 'Off. With it, signing in also takes a code from an app on your phone.'),
      el('div', { className: 'actions' }, this.button('Set up', '/api/v2/auth/2fa/setup',
        (factor) => this.drawSetup(factor))));
  }

  drawSetup({ factor_id, secret, otpauth_url }) {
    const spaced = secret.match(/.{1,4}/g).join(' ');
    const form = makeForm({ action: 'Switch on', fields: [{ name: 'code',
      label: 'Then type the 6 digits that it shows', inputMode: 'numeric',
      autocomplete: 'one-time-code' }],
    submit: async ({ code }) => {
      const answer = await this.api.call('POST', '/api/v2/auth/2fa/verify',
        { factor_id, code: code.replace(/\D/g, '') });
      this.account.person.me.two_factor = true;
      this.drawCodes(answer.recovery_codes, 'It is on.');
    },
    more: [makeButton('Cancel', () => this.again())] });
    this.body.replaceChildren(
      el('p', {}, 'Scan this with an authenticator app, or type the secret into it.'),
      el('div', { className: 'secret' }, makeQr(otpauth_url) ?? '',
        el('div', {}, el('code', { className: 'code' }, spaced),
          el('a', { className: 'link', href: otpauth_url }, 'Open in an app'))),
      form);
    form.querySelector('input').focus();
  }

  drawCodes(codes, lead) {
    const copy = makeButton('Copy', () => navigator.clipboard.writeText(codes.join('\n'))
      .then(() => { copy.textContent = 'Copied'; }, () => {
        copy.textContent = 'Select them by hand';
      }));
    this.body.replaceChildren(
      el('p', { role: 'status' }, `${lead} Keep these ten recovery codes. Each signs you in once `
        + 'without the app, and they are shown only now.'),
      el('ol', { className: 'codes', tabIndex: 0, ariaLabel: 'Recovery codes' },
        ...codes.map((code) => el('li', {}, el('code', {}, code)))),
      el('div', { className: 'actions' }, copy, makeButton('I have kept them',
        () => this.again())));
    this.body.querySelector('.codes').focus({ preventScroll: true });
  }

  drawOn({ recovery_codes_remaining: left }) {
    const codes = this.button('New recovery codes', '/api/v2/auth/2fa/recovery-codes',
      (answer) => this.drawCodes(answer.recovery_codes, 'The old ones are void.'));
    this.body.replaceChildren(
      el('p', {}, `On. ${count(left, 'recovery code')} left.`),
      el('div', { className: 'actions' }, codes,
        makeButton('Switch off…', () => this.drawDisable())));
  }

  drawDisable() {
    const submit = async ({ code }) => {
      const digits = code.replace(/\s/g, '');
      const proof = /^\d{6}$/.test(digits) ? { code: digits } : { recovery_code: code.trim() };
      await this.api.fresh('POST', '/api/v2/auth/2fa/disable', proof);
      await this.again();
    };
    const form = makeForm({ action: 'Switch off', submit, fields: [{ name: 'code',
      label: 'Code from the authenticator, or a recovery code', autocomplete: 'one-time-code' }],
    more: [makeButton('Cancel', () => this.again())] });
    this.body.replaceChildren(form);
    form.querySelector('input').focus();
  }
}
