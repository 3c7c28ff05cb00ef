// ---- Page --------------------------------------------------------------------------------------

const byName = (id) => document.getElementById(id);

/** Text from the server becomes text nodes here, never markup. */
function el(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((child) => child != null));
  return node;
}

function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(space, 'use'));
  svg.firstChild.setAttribute('href', `#i-${name}`);
  return svg;
}

const count = (n, one) => `${n} ${one}${n === 1 ? '' : 's'}`;

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Brings the children of a node in line with a list; nodes, and the focus on them, survive. */
function reconcile(parent, items, make, update) {
  const focused = document.activeElement;
  const keys = new Set(items.map((item) => item.key));
  const old = new Map();
  for (const node of [...parent.children]) {
    if (keys.has(node.dataset.key)) old.set(node.dataset.key, node);
    else node.remove();
  }
  items.forEach((item, index) => {
    const node = old.get(item.key) ?? make(item);
    node.dataset.key = item.key;
    const there = parent.children[index] ?? null;
    if (there !== node) parent.insertBefore(node, there);
    update(node, item);
  });
  if (document.activeElement !== focused && parent.contains(focused)) focused.focus();
}

function toast(text, small) {
  const close = el('button', { ariaLabel: 'Dismiss', onclick: () => box.remove() }, icon('close'));
  const box = el('div', { className: 'toast' },
    el('div', {}, text, small ? el('small', {}, small) : null), close);
  document.querySelector('.toasts').append(box);
  setTimeout(() => box.remove(), 8000);
}

const fail = (failure) => {
  if (!(failure instanceof Failure)) throw failure;
  toast(failure.message, [failure.code, failure.trace].filter(Boolean).join(' · '));
};

const clockFormat = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat([], { weekday: 'long', day: 'numeric', month: 'long' });
const shortDay = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short' });
const hour = (time) => clockFormat.format(new Date(time));
const dayOf = (time) => new Date(time).toDateString();
function dayName(time) {
  if (dayOf(time) === dayOf(now())) return 'Today';
  if (dayOf(time) === dayOf(now() - 86_400_000)) return 'Yesterday';
  return dayFormat.format(new Date(time));
}
const when = (time) => (dayOf(time) === dayOf(now()) ? hour(time)
  : shortDay.format(new Date(time)));

const TICKS = { sending: ['wait', 'Sending'], sent: ['tick', 'Sent'], failed: ['alert', 'Not sent'],
  delivered: ['ticks', 'Delivered'], read: ['ticks', 'Read'] };
function drawTick(node, state) {
  if (node.dataset.state === state) return;
  node.dataset.state = state;
  const [shape, label] = TICKS[state] ?? TICKS.sent;
  node.title = label;
  node.replaceChildren(icon(shape), el('span', { className: 'hush' }, label));
}

function drawFace(node, { user_id = '', name = '' }) {
  setText(node, [...name][0]?.toUpperCase() ?? '?');
  // The golden angle keeps the colours of similar ids apart.
  const hue = [...user_id].reduce((sum, char) => (sum + char.charCodeAt(0)) * 137.5 % 360, 0);
  node.style.setProperty('--hue', hue);
}
