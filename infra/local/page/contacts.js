/** Whom one person does not want to hear from: people blocked, and conversations muted. */
class Contacts {
  constructor(person) {
    Object.assign(this, { person, blocked: new Map() });
  }

  has({ user_id }) { return this.blocked.has(user_id); }

  async load() {
    const { api } = this.person;
    const blocked = new Map();
    let cursor = '';
    do {
      const page = await api.call('GET', `/api/v2/blocks?limit=100${cursor}`);
      for (const row of page.blocks) blocked.set(row.user_id, row);
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
    } while (cursor);
    this.blocked = blocked;
    this.person.changed();
  }

  async block({ user_id }) {
    const row = await this.person.api.call('POST', '/api/v2/blocks', { user_id });
    this.blocked.set(user_id, { user_id, ...row });
    this.person.changed();
  }

  async unblock({ user_id }) {
    try {
      await this.person.api.call('DELETE', `/api/v2/blocks/${user_id}`);
    } catch (failure) {
      // Somewhere else the same was done already.
      if (failure.status !== 404) throw failure;
    }
    this.blocked.delete(user_id);
    this.person.changed();
  }

  /** Keeps a conversation quiet until then. */
  async mute(room, until) {
    const path = `/api/v2/messages/conversations/${room.id}/mute`;
    room.mutedUntil = (await this.person.api.call('POST', path, { until })).muted_until;
    this.person.changed();
  }
}
