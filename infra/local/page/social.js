// ---- Signing in through others -----------------------------------------------------------------

const PROVIDERS = { google: 'Google', facebook: 'Facebook', apple: 'Apple' };
/** Under this key lies what the page must remember while the browser is at a provider. */
const AWAY = 'pairly.away';

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** Leaves for a provider; only who left can use what it sends back (RFC 7636). */
async function leaveFor(provider, { slot, mode, ask }) {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const query = new URLSearchParams({ mode, redirect_uri: `${location.origin}/`,
    code_challenge: base64url(hash) });
  const answer = await ask('GET', `/api/v2/auth/oauth/${provider}/start?${query}`);
  sessionStorage.setItem(AWAY, JSON.stringify({ provider, slot, mode, verifier }));
  location.assign(answer.location);
}

/** What a provider sent back with the browser; nobody needs to find it in the address. */
function takeReturn() {
  const query = new URLSearchParams(location.search);
  const away = JSON.parse(sessionStorage.getItem(AWAY));
  const [code, error] = [query.get('code'), query.get('error')];
  if (!code && !error) return null;
  history.replaceState(null, '', location.pathname);
  sessionStorage.removeItem(AWAY);
  return away && { ...away, code, error };
}

/** Goes on where the page was left: signs in, or adds the identity to the account. */
async function comeBack(pane, { provider, mode, verifier, code, error }) {
  const name = PROVIDERS[provider];
  const exchanged = { code, code_verifier: verifier };
  const path = '/api/v2/auth/oauth/exchange';
  if (mode === 'link') {
    if (error) return toast(`${name} was not added.`);
    await pane.person.api.call('POST', path, exchanged);
    return pane.account.open('identities');
  }
  try {
    if (error) {
      throw new Failure(422, { message: error === 'access_denied'
        ? `You did not go through with ${name}.` : `Signing in with ${name} did not work.` });
    }
    await pane.gate.passed(await exchange('POST', path, exchanged));
  } catch (failure) {
    pane.gate.refused(failure);
  }
  pane.draw();
}

/** The providers that sign this person in. */
class IdentitiesSection {
  title = 'Other ways to sign in';

  async show(body, account) {
    const { person: { api }, slot } = account;
    const { identities } = await api.call('GET', '/api/v2/auth/identities');
    const trouble = el('p', { className: 'trouble', role: 'alert', hidden: true });
    const attempt = (act) => async () => {
      trouble.hidden = true;
      await act().catch((failure) => {
        trouble.hidden = false;
        trouble.textContent = wordsOf(failure);
      });
    };
    const rows = identities.map(({ identity_id, provider, email }) => {
      const name = PROVIDERS[provider];
      return row(name, email, makeButton('Remove', attempt(async () => {
        await api.fresh('DELETE', `/api/v2/auth/identities/${identity_id}`);
        await this.show(body, account);
      }), { ariaLabel: `Remove ${name}` }));
    });
    const linked = new Set(identities.map(({ provider }) => provider));
    const ask = (method, path) => api.fresh(method, path);
    const others = Object.keys(PROVIDERS).filter((provider) => !linked.has(provider)).map(
      (provider) => makeButton(`Add ${PROVIDERS[provider]}`,
        attempt(() => leaveFor(provider, { slot, mode: 'link', ask }))));
    body.replaceChildren(rows.length ? el('ul', {}, ...rows)
      : aside('None yet: only your password.'), el('div', { className: 'actions' }, ...others),
    trouble);
  }
}
