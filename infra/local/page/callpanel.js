/** The strip in which a call is shown: who, how long, what it costs, and what can be done. */
class CallPanel {
  constructor({ ui, person }) {
    Object.assign(this, { ui, person });
    const { calls } = person;
    const ring = (type) => () => calls.ring(person.open.partner, type).catch(fail);
    ui.ring.onclick = ring('audio');
    ui['ring-video'].onclick = ring('video');
    ui['call-accept'].onclick = () => calls.accept().catch(fail);
    ui['call-decline'].onclick = () => calls.decline().catch(fail);
    ui['call-end'].onclick = () => calls.hangUp().catch(fail);
    ui['call-mute'].onclick = () => this.turn((line) => line.mute(!line.muted));
    ui['call-hide'].onclick = () => this.turn((line) => line.hide(!line.hidden));
    setInterval(() => { if (calls.current?.connectedAt) this.drawState(calls.current); }, 500);
  }

  turn(act) {
    act(this.person.calls.current.line);
    this.draw();
  }

  draw() {
    const { ui, person } = this;
    const call = person.calls.current;
    ui.ring.hidden = ui['ring-video'].hidden = !person.open
      || person.contacts.has(person.open.partner);
    ui.ring.disabled = ui['ring-video'].disabled = Boolean(call);
    ui.call.hidden = !call;
    if (!call) return this.drawPicture(null);
    ui.call.dataset.state = call.status;
    drawFace(ui['call-face'], call.partner);
    setText(ui['call-partner'], call.partner.name);
    const ringing = call.status === 'incoming';
    ui['call-accept'].hidden = ui['call-decline'].hidden = !ringing;
    ui['call-end'].hidden = ringing;
    setText(ui['call-end-words'], ['calling', 'ringing'].includes(call.status) ? 'Cancel'
      : 'Hang up');
    const { line } = call;
    ui['call-mute'].hidden = ringing || !line.mine;
    ui['call-mute'].setAttribute('aria-pressed', String(line.muted));
    ui['call-hide'].hidden = ui['call-mute'].hidden || call.type !== 'video';
    ui['call-hide'].setAttribute('aria-pressed', String(line.hidden));
    this.drawState(call);
    this.drawPicture(call);
  }

  drawState(call) {
    const { ui } = this;
    const kind = call.type === 'video' ? 'video call' : 'call';
    const waiting = { calling: 'Calling…', ringing: 'Ringing…', connecting: 'Connecting…',
      incoming: `Incoming ${kind}` }[call.status];
    const seconds = Math.max(0, Math.floor((now() - Date.parse(call.connectedAt)) / 1000));
    setText(ui['call-state'], waiting ?? (call.lost ? 'Reconnecting…' : lasted(seconds)));
    // Each minute that has begun is paid; who is called pays nothing and sees no price.
    const begun = Math.max(1, Math.ceil(seconds / 60));
    setText(ui['call-cost'], !waiting && call.outgoing && call.rate
      ? count(begun * call.rate, 'credit') : '');
    setText(ui['call-warning'], call.warning ? 'Your credits are nearly used up.' : '');
  }

  drawPicture(call) {
    const { ui } = this;
    const seen = call?.type === 'video' && call.line.mine;
    ui['call-stage'].hidden = !seen;
    this.play(ui['call-theirs'], call?.line.theirs);
    this.play(ui['call-mine'], seen ? call.line.mine : null);
  }

  play(node, stream = null) {
    if (node.srcObject === stream) return;
    node.srcObject = stream;
    if (stream) node.play().catch(() => {});
  }
}
