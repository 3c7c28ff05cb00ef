/** What the page lets somebody choose; other kinds of media are shown by their name. */
const PICTURES = 'image/jpeg,image/png,image/webp';
const PICTURES_MAX = 5;

/** Uploads one file straight to the bucket and resolves with its media id once it was checked. */
async function upload(api, file) {
  const form = await api.call('POST', '/api/v2/uploads', { kind: 'message_media',
    content_type: file.type, size_bytes: file.size, file_name: file.name.slice(-128) });
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append('file', file);
  const answer = await fetch(form.url, { method: 'POST', body }).catch(() => null);
  if (!answer?.ok) throw new Failure(answer?.status ?? 0, { message: 'The upload did not work.' });
  for (let attempt = 0; attempt < 30; attempt += 1) {
    const path = `/api/v2/uploads/${form.upload_id}/complete`;
    const { state, media_id } = await api.call('POST', path, {});
    if (state === 'ready') return media_id;
    await sleep(100 + 50 * attempt);
  }
  throw new Failure(504, { message: 'Checking this file takes too long.' });
}

/** The pictures that wait above the field for the message that they go with. */
class Tray {
  constructor({ ui, person }, changed) {
    Object.assign(this, { ui, person, changed });
    const choose = el('input', { type: 'file', accept: PICTURES, multiple: true, hidden: true });
    choose.onchange = () => { this.add([...choose.files]); choose.value = ''; };
    ui.attach.after(choose);
    ui.attach.onclick = () => choose.click();
  }

  get items() { return this.person.open?.tray ?? []; }

  /** Whether something is still on its way. */
  get busy() { return this.items.some(({ media_id, trouble }) => !media_id && !trouble); }

  add(files) {
    const room = this.person.open;
    for (const file of files.slice(0, PICTURES_MAX - room.tray.length)) {
      const item = { key: crypto.randomUUID(), name: file.name,
        preview: URL.createObjectURL(file) };
      room.tray.push(item);
      upload(this.person.api, file).then((id) => { item.media_id = id; },
        (failure) => { item.trouble = wordsOf(failure); }).finally(this.changed);
    }
    this.changed();
  }

  drop(item) {
    const room = this.person.open;
    room.tray = room.tray.filter((other) => other !== item);
    URL.revokeObjectURL(item.preview);
    this.changed();
  }

  /** Everything that goes with the message, and an empty tray. */
  take() {
    const ready = this.items.filter(({ media_id }) => media_id);
    if (this.person.open) this.person.open.tray = [];
    return ready;
  }

  draw() {
    this.ui.tray.hidden = !this.items.length;
    reconcile(this.ui.tray, this.items, (item) => this.make(item), (node, item) => {
      node.dataset.state = item.trouble ? 'failed' : item.media_id ? 'ready' : 'busy';
      setText(node.lastElementChild, item.trouble ?? (item.media_id ? '' : 'Uploading…'));
    });
  }

  make(item) {
    return el('li', {}, el('img', { src: item.preview, alt: item.name }),
      el('button', { className: 'round', type: 'button', ariaLabel: `Remove ${item.name}`,
        onclick: () => this.drop(item) }, icon('close')), el('span', { className: 'small' }));
  }
}

/** One attachment inside a message: a picture to look at, or a link to save the rest. */
function makeAttachment(attachment, renew) {
  const { content_type: type, url, urls = {}, preview, width, height } = attachment;
  const label = attachment.file_name ?? 'Attachment';
  const props = { href: url ?? preview, target: '_blank', rel: 'noreferrer' };
  if (!type?.startsWith('image/')) return el('a', { className: 'file', ...props }, label);
  const picture = el('img', { src: preview ?? urls['640'] ?? url, alt: label });
  // The space is kept before the picture is there, so that nothing jumps.
  if (width && height) Object.assign(picture, { width, height });
  const link = el('a', { className: 'picture', ...props }, picture);
  // A link lasts a quarter of an hour; then another one is asked for, once.
  picture.onerror = async () => {
    picture.onerror = null;
    const fresh = (await renew().catch(() => [])).find((one) =>
      one.media_id === attachment.media_id);
    if (!fresh) return;
    link.href = fresh.url;
    picture.src = fresh.urls?.['640'] ?? fresh.url;
  };
  return link;
}
