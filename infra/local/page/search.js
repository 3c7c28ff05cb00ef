/** Scripts that set no space between words, where a part of a text is a hit. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}]/u;

/** A text in pieces, every other one a hit: a whole word, as the server finds them. */
function hitsIn(text, words) {
  const patterns = words.map((word) => {
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return UNSPACED.test(word) ? escaped : `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`;
  });
  return patterns.length ? text.split(new RegExp(`(${patterns.join('|')})`, 'giu')) : [text];
}

/** The part of a text around its first hit, with the hits marked. */
function makeSnippet(by, text, words) {
  const [before, ...rest] = hitsIn(text.replace(/\s+/g, ' '), words);
  const lead = before.length > 24 ? `…${[...before].slice(-20).join('')}` : before;
  return el('span', { className: 'snippet' }, by, ...[lead, ...rest].map((piece, n) =>
    (n % 2 ? el('mark', {}, piece) : piece)));
}

/** Looks for words in the messages of all conversations, or of the open one. */
class Search {
  constructor(pane) {
    const { ui, person } = pane;
    Object.assign(this, { pane, ui, person });
    this.clear();
    ui.search.onsubmit = (event) => { event.preventDefault(); this.begin(); };
    // Only whole words are found, so nothing is asked before somebody has finished them.
    ui.words.oninput = () => this.wait();
    ui.words.onkeydown = (event) => {
      if (event.key !== 'Escape' || !this.busy) return;
      event.stopPropagation();
      this.clear();
      pane.draw();
    };
    ui.everywhere.onclick = () => this.turn(null);
    ui.here.onclick = () => this.turn(this.partner);
    ui.further.onclick = () => this.more(this.turned).catch((failure) => this.refused(failure));
    ui.look.onclick = () => this.lookIn(person.open);
  }

  /** Whether results are shown in place of the conversations. */
  get busy() { return this.ui.words.value.trim().length > 0; }

  clear() {
    Object.assign(this, { words: [], hits: [], cursor: null, outcome: '', partner: null,
      within: null, asked: '', turned: Symbol('a search') });
    this.ui.words.value = '';
  }

  /** Starts a search that looks only where somebody is reading. */
  lookIn(room) {
    this.partner = this.within = room.partner;
    // On a phone the conversation lies over the list in which the results appear.
    if (!this.ui.words.offsetParent) this.person.show(null);
    this.pane.draw();
    this.ui.words.focus();
    this.ui.words.select();
    this.begin();
  }

  turn(partner) {
    this.within = partner;
    this.begin();
  }

  /** Something is typed that nobody has asked for yet. */
  wait() {
    this.turned = Symbol('no search');
    Object.assign(this, { hits: [], cursor: null, outcome: 'Enter searches for whole words.' });
    this.pane.draw();
  }

  async begin() {
    const asked = this.ui.words.value.trim();
    const turned = this.turned = Symbol('a search');
    this.words = asked.split(/\s+/).filter((word) => word.length > 1);
    Object.assign(this, { asked, hits: [], cursor: null,
      outcome: this.words.length ? 'Searching…' : 'Type at least two letters.' });
    this.pane.draw();
    if (this.words.length) await this.more(turned).catch((failure) => this.refused(failure));
  }

  /** The next page; one call looks through a part of the past and may find nothing there. */
  async more(turned) {
    const query = new URLSearchParams({ q: this.asked, limit: 20 });
    if (this.within) query.set('partner_id', this.within.user_id);
    let found = 0;
    do {
      if (this.cursor) query.set('cursor', this.cursor);
      const page = await this.person.api.call('GET', `/api/v2/messages/search?${query}`);
      // Meanwhile something else is looked for.
      if (this.turned !== turned) return;
      found = page.messages.length;
      this.hits.push(...page.messages);
      this.cursor = page.next_cursor;
    } while (!found && this.cursor);
    const many = this.hits.length;
    this.outcome = many ? `${many}${this.cursor ? ' newest' : ''} message${many === 1 ? '' : 's'}`
      : 'Nothing found.';
    this.pane.draw();
  }

  refused(failure) {
    if (!(failure instanceof Failure)) throw failure;
    this.outcome = wordsOf(failure);
    this.pane.draw();
  }

  partnerOf({ sender_id, receiver_id }) {
    const user_id = sender_id === this.person.me.user_id ? receiver_id : sender_id;
    return this.person.conversations.get(user_id)?.partner
      ?? { user_id, name: known.get(user_id) ?? 'Somebody' };
  }

  async go(hit) {
    const room = this.person.room(this.partnerOf(hit));
    await this.pane.chat.reveal(room, hit);
  }

  draw() {
    const { ui, person, partner, within, busy } = this;
    if (person.open) this.partner = person.open.partner;
    ui.found.hidden = !busy;
    ui.lists.hidden = busy;
    ui.scopes.hidden = !partner || !(busy || within);
    setText(ui.here, `With ${partner?.name}`);
    ui.everywhere.setAttribute('aria-pressed', String(!within));
    ui.here.setAttribute('aria-pressed', String(Boolean(within)));
    if (!busy) return;
    setText(ui.outcome, this.outcome);
    ui.further.hidden = !this.cursor;
    reconcile(ui.hits, this.hits.map((hit) => ({ hit, key: `${hit.id} ${this.asked}` })),
      ({ hit }) => this.makeHit(hit), () => {});
  }

  makeHit(hit) {
    const partner = this.partnerOf(hit);
    const mine = hit.sender_id === this.person.me.user_id;
    return el('li', {}, el('button', { className: 'entry-button',
      onclick: () => this.go(hit).catch(fail) },
    el('span', { className: 'entry-text' },
      el('span', { className: 'entry-line' }, el('b', {}, partner.name),
        el('time', {}, when(hit.created_at))),
      el('span', { className: 'entry-line' },
        makeSnippet(mine ? 'You: ' : '', hit.content, this.words)))));
  }
}
