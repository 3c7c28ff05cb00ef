// ---- The local cloud ---------------------------------------------------------------------------

let people = [];
let panes = [];

function showPane(slot) {
  attention = slot;
  for (const pane of panes) {
    pane.root.classList.toggle('shown', pane.slot === slot);
    pane.tab.setAttribute('aria-pressed', String(pane.slot === slot));
    pane.draw();
  }
}

function drawClock() {
  const text = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'medium' });
  setText(byName('clock'), text.format(now()));
}

async function readClock() {
  clockOffset = Date.parse((await exchange('GET', '/_local/clock')).now) - Date.now();
  drawClock();
}

async function advance(seconds, button) {
  button.disabled = true;
  try {
    const answer = await exchange('POST', '/_local/clock', { advance_seconds: seconds });
    clockOffset = Date.parse(answer.now) - Date.now();
  } finally {
    button.disabled = false;
  }
  drawClock();
  panes.forEach((pane) => pane.draw());
  await drawOutbox();
}

async function startOver() {
  if (!confirm('Forget everything and start with the demo people again?')) return;
  // Their sessions go with everything else: better they leave before they are refused.
  panes.forEach((pane) => pane.person.end());
  byName('reset').disabled = true;
  try {
    await exchange('POST', '/_local/reset', {});
    await Promise.all([meet(), drawOutbox()]);
  } finally {
    byName('reset').disabled = false;
  }
}

let outboxSeen = '';
async function drawOutbox() {
  const { items } = await exchange('GET', '/_local/outbox');
  const newest = items.at(-1);
  const mark = `${items.length} ${newest?.at} ${newest?.to}`;
  if (mark === outboxSeen) return;
  outboxSeen = mark;
  setText(byName('outbox-count'), String(items.length));
  setText(byName('outbox-newest'), newest ? `${newest.subject ?? newest.kind} → ${newest.to}`
    : 'Nothing has been sent yet.');
  byName('outbox-cards').replaceChildren(...(items.length ? items.toReversed().map(makeCard)
    : [el('p', { className: 'quiet' }, 'Mails, pushes and text messages appear here.')]));
}
const drawOutboxNow = () => drawOutbox().catch(fail);

function makeCard({ kind, to, subject, text, payload, at }) {
  const body = text ?? (payload ? JSON.stringify(payload, null, 1) : '');
  const code = body.match(/\b\d{8}\b/)?.[0];
  const url = body.match(/https?:\/\/[^\s<>"]+/)?.[0];
  const copy = () => navigator.clipboard.writeText(code).then(() => toast('Code copied.'), fail);
  return el('article', { className: 'card' }, el('b', {}, subject ?? kind),
    el('span', { className: 'quiet' }, `${kind} to ${to}, ${when(at)}`),
    el('div', { className: 'actions', hidden: !code && !url },
      code ? el('button', { className: 'plain code', title: 'Copy the code', onclick: copy }, code)
        : null,
      url ? el('a', { className: 'plain', href: url, target: '_blank', rel: 'noreferrer' },
        'Open link') : null),
    el('pre', {}, body));
}

async function meet() {
  ({ people } = await exchange('GET', '/_local').catch(() => ({ people: [] })));
  known.clear();
  people.forEach(({ user_id, name }) => known.set(user_id, name));
  panes.forEach((pane) => pane.draw());
}

async function begin() {
  await meet();
  panes = [];
  panes.push(new Pane('left', people[0]), new Pane('right', people[1]));
  document.querySelector('main').append(...panes.map((pane) => pane.root));
  document.querySelector('.tabs').append(...panes.map((pane) => pane.tab));
  showPane('left');
  const returned = takeReturn();
  await Promise.all(panes.map((pane) => pane.restore()));
  const pane = panes.find(({ slot }) => slot === returned?.slot);
  if (!pane) return;
  showPane(pane.slot);
  await comeBack(pane, returned).catch(fail);
}

const quietly = (work) => work.catch(() => {});
document.querySelectorAll('[data-advance]').forEach((button) => {
  button.onclick = () => advance(Number(button.dataset.advance), button).catch(fail);
});
byName('outbox').onclick = () => {
  byName('outbox-cards').hidden = !byName('outbox-cards').hidden;
  byName('outbox').setAttribute('aria-expanded', String(!byName('outbox-cards').hidden));
};
byName('reset').onclick = () => startOver().catch(fail);
byName('refresh').onclick = () => Promise.all([drawOutbox(), readClock()]).catch(fail);
const redraw = () => panes.forEach((pane) => pane.draw());
['focus', 'visibilitychange', 'resize'].forEach((event) => window.addEventListener(event, redraw));
window.addEventListener('online', () => panes.forEach(({ person: { socket } }) => {
  if (socket.wanted && !socket.ready) socket.open();
}));
setInterval(drawClock, 1000);
setInterval(() => { if (!document.hidden) { quietly(drawOutbox()); quietly(readClock()); } }, 4000);
quietly(readClock());
quietly(drawOutbox());
begin();
