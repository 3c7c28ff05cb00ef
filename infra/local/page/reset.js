// ---- A new password ----------------------------------------------------------------------------

const token = new URLSearchParams(location.search).get('token') ?? '';

function finish(title, lead) {
  byName('title').textContent = title;
  byName('lead').textContent = lead;
  byName('form').replaceChildren();
}

async function choose({ password, again }) {
  if (password !== again) throw new Failure(422, { message: 'The two are not the same.' });
  try {
    await exchange('POST', '/api/v2/auth/password/reset', { token, new_password: password });
  } catch (failure) {
    if (failure.code !== 'OTP_EXPIRED') throw failure;
    return finish('This link is no longer valid', 'It works once and for an hour. Ask for a new '
      + 'one with “Forgot your password?”.');
  }
  // It is spent: nobody needs to find it in the history.
  history.replaceState(null, '', location.pathname);
  finish('Your password is changed', 'All sessions have ended. Sign in with the new password.');
}

byName('form').append(makeForm({ action: 'Change password', submit: choose, fields: [
  { name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password' },
  { name: 'again', label: 'The same again', type: 'password', autocomplete: 'new-password' },
] }));
if (!token) finish('This link is not complete', 'Open the whole link from the mail.');
