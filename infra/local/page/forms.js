// ---- Forms -------------------------------------------------------------------------------------

const minutes = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} seconds`
  : `${Math.ceil(seconds / 60)} minutes`);

/** Why a password is too weak, in words. */
const REASONS = { common: 'It is one of those that everybody tries first.',
  contains_email: 'It contains your e-mail address.' };

/** A refusal in words: what was said, what is wrong with which field, and what is left. */
function wordsOf({ code, message, details, waitSeconds }) {
  const { fields = [], reasons = [], attempts_left: left, retry_after: wait } = details;
  const seconds = wait ?? waitSeconds;
  return [message,
    ...fields.map((row) => `${row.field.replace('/', '').replaceAll('_', ' ')}: ${row.message}`),
    ...reasons.map((reason) => REASONS[reason] ?? String(reason).replaceAll('_', ' ')),
    code === 'MFA_VERIFICATION_FAILED' ? 'Each code works once: wait for the next.' : null,
    left >= 0 ? `${left} ${left === 1 ? 'try' : 'tries'} left.` : null,
    seconds ? `Try again in ${minutes(seconds)}.` : null].filter(Boolean).join('\n');
}

/** The label of an input, with the input in it. */
function makeField({ label, ...props }) {
  return el('label', { className: 'field' }, label,
    el('input', { autocomplete: 'off', ...props }));
}

/** A form that says in place why something was refused; `submit` gets the values by name. */
function makeForm({ fields, action, submit, more = [] }) {
  const trouble = el('p', { className: 'trouble', role: 'alert', hidden: true });
  const button = el('button', { className: 'main-action' }, action);
  const form = el('form', { className: 'entry', noValidate: true },
    ...fields.map(makeField), trouble, button, ...more);
  form.onsubmit = async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    button.disabled = true;
    try {
      await submit(Object.fromEntries(new FormData(form)));
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      trouble.textContent = wordsOf(failure);
      trouble.hidden = false;
    } finally {
      button.disabled = false;
    }
  };
  return form;
}

/** A button that is busy while it works, and says what was refused. */
function makeButton(text, act, props = {}) {
  const button = el('button', { className: 'plain', type: 'button', ...props }, text);
  button.onclick = async () => {
    button.disabled = true;
    await Promise.resolve(act(button)).catch(fail);
    button.disabled = false;
  };
  return button;
}

/** What proves that it is the owner: a password, or a code where the server wants the factor. */
const PROOFS = {
  password: { lead: 'You signed in a while ago, and this protects your account.',
    field: { name: 'password', label: 'Password', type: 'password',
      autocomplete: 'current-password' } },
  code: { lead: 'Changing this needs your second factor. Without the app, sign out and sign in '
      + 'with a recovery code.',
  field: { name: 'code', label: 'Code from the authenticator (6 digits)', inputMode: 'numeric',
    autocomplete: 'one-time-code' } },
};

/** Asks for a proof of presence; resolves with whether there is one. */
function askProof(person, root, failed) {
  const { lead, field } = PROOFS[failed === 'INSUFFICIENT_AAL' ? 'code' : 'password'];
  return new Promise((done) => {
    let proven = false;
    const submit = async ({ password, code }) => {
      const proof = password ? { password } : { code: code.replace(/\D/g, '') };
      await person.api.reauthenticate(proof);
      proven = true;
      box.close();
    };
    const cancel = el('button', { className: 'plain', type: 'button',
      onclick: () => box.close() }, 'Cancel');
    const box = el('dialog', { className: 'proof', ariaLabel: 'Confirm that it is you',
      onclose: () => { box.remove(); done(proven); } },
    el('h2', {}, 'Confirm that it is you'), el('p', { className: 'quiet' }, lead),
    makeForm({ fields: [field], action: 'Confirm', submit, more: [cancel] }));
    root.append(box);
    box.showModal();
    box.querySelector('input').focus();
  });
}

/** A small menu under a button; arrow keys move in it, Escape and a click elsewhere close it. */
function openMenu(button, items) {
  const menu = el('div', { className: 'menu', popover: 'auto', role: 'menu' },
    ...items.filter(Boolean).map(({ text, sign, act }) => el('button', { role: 'menuitem',
      onclick: () => { menu.hidePopover(); act(); } }, icon(sign), text)));
  menu.onkeydown = (event) => {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const rows = [...menu.children];
    const at = rows.indexOf(document.activeElement) + step;
    rows[(at + rows.length) % rows.length].focus();
  };
  menu.ontoggle = ({ newState }) => { if (newState === 'closed') menu.remove(); };
  button.after(menu);
  menu.showPopover();
  const place = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const fit = (wanted, size, space) => `${Math.max(8, Math.min(wanted, space - size - 8))}px`;
  menu.style.left = fit(place.right - width, width, innerWidth);
  menu.style.top = place.bottom + height + 12 > innerHeight
    ? fit(place.top - height - 4, height, innerHeight) : `${place.bottom + 4}px`;
  menu.firstElementChild.focus();
}
