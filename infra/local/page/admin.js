// ---- Administration ----------------------------------------------------------------------------

let clockOffset = 0;
/** Time of the local cloud, which can be moved; a signature holds for five minutes of it. */
const now = () => Date.now() + clockOffset;

/** The admin API, for the role that is chosen: every request is signed with its key. */
class Office {
  async open() {
    const [world, clock] = await Promise.all([exchange('GET', '/_local'),
      exchange('GET', '/_local/clock')]);
    Object.assign(this, { region: world.region, admins: world.admins, people: world.people });
    clockOffset = Date.parse(clock.now) - Date.now();
    [this.chosen] = this.admins;
  }

  nameOf(id) { return this.people.find(({ user_id }) => user_id === id)?.name ?? id ?? '–'; }

  async call(method, path, query = {}, body = undefined) {
    const url = new URL(path, location.origin);
    for (const [name, value] of Object.entries(query)) {
      if (value) url.searchParams.set(name, value);
    }
    const text = body && JSON.stringify(body);
    const headers = { Accept: 'application/json',
      ...await signed(this.chosen, this.region, method, url, text) };
    if (text) headers['Content-Type'] = 'application/json';
    if (method === 'POST') headers['Idempotency-Key'] = crypto.randomUUID();
    let answer;
    try {
      answer = await fetch(url, { method, headers, body: text,
        signal: AbortSignal.timeout(30_000) });
    } catch {
      throw new Failure(0);
    }
    const parsed = await answer.json().catch(() => null);
    if (!answer.ok) throw new Failure(answer.status, parsed?.error);
    return parsed;
  }
}

const office = new Office();

const state = (text) => {
  const node = el('span', { className: 'state' }, text.replaceAll('_', ' '));
  node.dataset.state = text;
  return node;
};
const quiet = (...parts) => el('div', { className: 'quiet small' },
  parts.filter(Boolean).join(' · '));
const entry = (parts, buttons = []) => el('li', {}, el('div', {}, ...parts),
  el('div', { className: 'actions', hidden: !buttons.length }, ...buttons));
const blank = (text) => el('p', { className: 'quiet' }, text);
const list = (rows, none) => (rows.length ? el('ul', { className: 'rows' }, ...rows) : blank(none));

/** A choice among the people of this local cloud. */
const choosePerson = (label, every = null) => el('label', { className: 'field' }, label,
  el('select', { name: 'user_id' }, every ? el('option', { value: '' }, every) : null,
    ...office.people.map(({ user_id, name }) => el('option', { value: user_id }, name))));

/** Asks for the reason that the audit log keeps; resolves with it, or with null. */
function askReason(title, action) {
  return new Promise((done) => {
    let reason = null;
    const cancel = el('button', { className: 'plain', type: 'button',
      onclick: () => box.close() }, 'Cancel');
    const box = el('dialog', { className: 'proof', ariaLabel: title,
      onclose: () => { box.remove(); done(reason); } },
    el('h2', {}, title), makeForm({ action, more: [cancel],
      fields: [{ name: 'reason', label: 'Reason (kept in the audit log)', maxLength: 500 }],
      submit: async (form) => { reason = form.reason; box.close(); } }));
    document.body.append(box);
    box.showModal();
    box.querySelector('input').focus();
  });
}

/** A button that acts with a reason, and shows the section anew. */
const withReason = (text, title, act) => makeButton(text, async () => {
  const reason = await askReason(title, text);
  if (reason === null) return;
  await act(reason);
  await show(shown);
});

/** What an effect answers: done, or waiting for somebody else. */
function told(answer, done) {
  toast(answer.approval_id ? 'A second person has to agree: see Approvals.' : done);
}

/** A form above a list that is read with its values. */
function search(fields, read, action = 'Search') {
  const results = el('div');
  const form = makeForm({ fields: [], action, submit: async (query) => {
    results.replaceChildren(await read(query));
  } });
  form.prepend(...fields);
  return [form, results];
}

const SECTIONS = {
  messages: ['Messages', () => search(
    [choosePerson('Person', 'Everybody'), makeField({ label: 'Words', name: 'q' })],
    async (query) => {
      const { messages } = await office.call('GET', '/api/admin/messages/search', query);
      return list(messages.map(messageRow), 'No message matches.');
    })],
  moderation: ['Moderation', async () => {
    const { items } = await office.call('GET', '/api/admin/moderation/queue');
    return [list(items.map(itemRow), 'Nothing waits for a decision.')];
  }],
  credits: ['Credits', () => {
    const form = makeForm({ action: 'Adjust', fields: [
      { name: 'amount', label: 'Credits (negative takes away)', type: 'number', required: true },
      { name: 'reason', label: 'Reason (kept in the audit log)', maxLength: 500 }],
    submit: async ({ user_id, amount, reason }) => {
      const answer = await office.call('POST', '/api/admin/credits/adjust', {},
        { user_id, amount: Number(amount), reason });
      told(answer, `${office.nameOf(user_id)} has ${count(answer.available, 'credit')} now.`);
    } });
    form.prepend(choosePerson('Person'));
    return [form];
  }],
  approvals: ['Approvals', async () => {
    const { approvals } = await office.call('GET', '/api/admin/approvals');
    return [list(approvals.map(approvalRow), 'Nothing waits for a second person.')];
  }],
  audit: ['Audit log', async () => {
    const { rows } = await office.call('GET', '/api/admin/audit-log');
    const verify = makeButton('Verify the chain', async () => {
      const { ok, rows: checked, first_bad: bad, run_id: run } = await office.call('POST',
        '/api/admin/audit-log/verify', {}, {});
      toast(run ? 'The verification runs.' : ok ? `${count(checked, 'row')}, all in order.`
        : `The log was changed at ${JSON.stringify(bad)}.`);
    });
    return [el('div', { className: 'actions' }, verify),
      list(rows.map(auditRow), 'Nobody has done anything yet.')];
  }],
};

function messageRow(message) {
  const decide = (word, verdict) => withReason(word, `${word} this message?`,
    (reason) => office.call('POST', `/api/admin/messages/${message.id}/moderate`, {},
      { moderation_status: verdict, reason }).then(() => toast('Decided.')));
  const { sender_id: from, receiver_id: to } = message;
  const open = makeButton('Conversation', () => showConversation(from, to));
  return entry([el('div', {}, message.content || '(no words)'),
    quiet(`${office.nameOf(from)} → ${office.nameOf(to)}`, when(message.created_at),
      message.is_deleted ? 'deleted' : null), state(message.moderation_status)],
  [open, decide('Approve', 'approved'), decide('Block', 'blocked')]);
}

async function showConversation(one, other) {
  const { messages } = await office.call('GET',
    `/api/admin/messages/conversation/${one}/${other}`);
  byName('work').replaceChildren(el('h2', {}, `${office.nameOf(one)} and ${office.nameOf(other)}`),
    list(messages.map(messageRow), 'Nothing was written.'));
}

function itemRow(item) {
  const { item_id: id } = item;
  const path = (verb) => `/api/admin/moderation/${id}/${verb}`;
  const resolve = (word, resolution) => withReason(word, `${word}: ${item.kind}`,
    (reason) => office.call('POST', path('resolve'), {}, { resolution, reason })
      .then(({ effects }) => toast(`Resolved${effects?.length ? `: ${effects.join(', ')}` : ''}.`)));
  const claim = makeButton('Claim', () => office.call('POST', path('claim'), {}, {})
    .then(() => show(shown)));
  return entry([el('div', {}, `${item.kind} · ${(item.reasons ?? []).join(', ')}`),
    quiet(`priority ${item.priority}`, when(item.created_at), item.target_id), state(item.state)],
  item.state === 'open' ? [claim] : [resolve('Approve', 'approve'), resolve('Block', 'block'),
    resolve('Dismiss', 'dismiss')]);
}

function approvalRow(approval) {
  const decide = (word, decision) => withReason(word, `${word}: ${approval.function}`,
    (reason) => office.call('POST', `/api/admin/approvals/${approval.approval_id}/decide`, {},
      { decision, reason }).then((answer) => toast(`Now ${answer.state}.`)));
  return entry([el('div', {}, approval.function.replaceAll('_', ' ')),
    quiet(`asked by ${approval.requested_by}`, when(approval.created_at)), state(approval.state)],
  approval.state === 'pending' ? [decide('Approve', 'approve'), decide('Reject', 'reject')] : []);
}

function auditRow(row) {
  const change = row.after ?? row.before ? `${JSON.stringify(row.before ?? {})} → ${
    JSON.stringify(row.after ?? {})}` : null;
  return entry([el('div', {}, `${row.action.replaceAll('_', ' ')} by ${row.session_name}`, ' ',
    state(row.severity), ' ', row.outcome === 'done' ? null : state(row.outcome)),
  quiet(when(row.at), row.target_id, row.reason), change ? quiet(change) : null]);
}

// ---- Frame -------------------------------------------------------------------------------------

let shown = 'messages';
async function show(key) {
  shown = key;
  const [title, make] = SECTIONS[key];
  for (const button of byName('sections').children) {
    button.setAttribute('aria-current', button.dataset.key === key ? 'page' : 'false');
  }
  let parts;
  try {
    parts = await make();
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    parts = [el('p', { className: 'trouble', role: 'alert' }, wordsOf(failure))];
  }
  if (shown === key) byName('work').replaceChildren(el('h2', {}, title), ...parts);
}

async function begin() {
  await office.open();
  byName('sections').append(...Object.entries(SECTIONS).map(([key, [title]]) => {
    const button = el('button', { onclick: () => show(key) }, title);
    button.dataset.key = key;
    return button;
  }));
  const names = office.admins.map(({ session_name }, index) =>
    el('option', { value: index }, session_name));
  byName('role').append(...names);
  byName('role').onchange = () => {
    office.chosen = office.admins[byName('role').value];
    show(shown);
  };
  await show(shown);
}

setInterval(() => exchange('GET', '/_local/clock').then((clock) => {
  clockOffset = Date.parse(clock.now) - Date.now();
}, () => {}), 4000);
begin().catch(fail);
