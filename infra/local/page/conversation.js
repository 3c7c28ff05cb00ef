// ---- State -------------------------------------------------------------------------------------

let clockOffset = 0;
/** Time of the local cloud, which can be moved. */
const now = () => Date.now() + clockOffset;
/** Names of everybody this page has met, by id: people that a conversation can start with. */
const known = new Map();

/** What a message without words is called. */
const KINDS = { image: 'Picture', video: 'Video', audio: 'Recording', file: 'File' };

/** One conversation as one person sees it. */
class Conversation {
  constructor(partner) {
    Object.assign(this, { partner, id: null, head: 0, unread: 0, last: null, activity: '',
      read: { mine: 0, theirs: 0 }, delivered: 0, messages: [], cursor: null, loaded: false,
      draft: '', tray: [], typingUntil: 0, gap: null, holes: 0, mutedUntil: null, gone: false });
  }

  get muted() { return Date.parse(this.mutedUntil) > now(); }

  /** Takes messages in; those that are known already are brought up to date. */
  add(messages) {
    for (const message of messages) {
      const same = this.messages.filter((other) => (other.id && other.id === message.id)
        || (message.client_message_id && other.key === message.client_message_id));
      // A live frame or a fetch may overtake the answer to the own sending: one of them stays.
      if (same.length > 1) this.messages = this.messages.filter((other) => other !== same[1]);
      if (same.length) Object.assign(same[0], message);
      else this.messages.push({ key: message.client_message_id ?? message.id, ...message });
      this.head = Math.max(this.head, message.seq ?? 0);
      if (message.seq >= (this.last?.seq ?? this.head)) this.tip(message);
    }
    const place = (message) => message.seq ?? Number.MAX_SAFE_INTEGER;
    this.messages.sort((a, b) => place(a) - place(b));
  }

  /** Changes what is known of one message. */
  patch(change) {
    const message = this.messages.find((one) => one.id === change.id);
    if (message) this.add([{ ...message, ...change }]);
  }

  tip({ id, seq, content, sender_id, status, created_at, message_type }) {
    const preview = content || KINDS[message_type] || 'Message deleted';
    this.last = { id, seq, preview, sender_id, status, created_at, type: message_type };
    if (created_at > this.activity) this.activity = created_at;
  }

  /** Marks only ever move forward. */
  mark({ mine = 0, theirs = 0 } = {}, delivered = 0) {
    this.read.mine = Math.max(this.read.mine, mine);
    this.read.theirs = Math.max(this.read.theirs, theirs);
    this.delivered = Math.max(this.delivered, delivered, theirs);
  }

  stateOf(message) {
    if (message.status === 'failed') return 'failed';
    if (!message.seq) return message.state ?? message.status;
    // Somebody has to look at it first: to the sender it is sent, whatever was read after it.
    if (message.moderation_status === 'pending') return 'sent';
    if (message.seq <= this.read.theirs) return 'read';
    if (message.seq <= this.delivered) return 'delivered';
    return message.status ?? 'sent';
  }

  /** The newest number that is here. */
  get tail() {
    return this.messages.reduce((top, { seq }) => Math.max(top, seq ?? 0), 0);
  }
}
