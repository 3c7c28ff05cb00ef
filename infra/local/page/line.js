// ---- Calls -------------------------------------------------------------------------------------

/** One end of a peer-to-peer connection: microphone and camera here, sound and picture there. */
class Line {
  constructor(type, on) {
    Object.assign(this, { type, on, found: [], early: [], told: false, closed: false });
  }

  /** Takes the microphone, and the camera of a video call; fails in words where there is none. */
  async open() {
    try {
      this.mine = await navigator.mediaDevices.getUserMedia({ audio: true,
        video: this.type === 'video' });
    } catch {
      throw new Failure(400, { message: this.type === 'video'
        ? 'A call needs your microphone and your camera.' : 'A call needs your microphone.' });
    }
    if (this.closed) return this.close();
    this.theirs = new MediaStream();
    this.peer = new RTCPeerConnection();
    this.mine.getTracks().forEach((track) => this.peer.addTrack(track, this.mine));
    this.peer.ontrack = ({ track }) => { this.theirs.addTrack(track); this.on.media(); };
    this.peer.onicecandidate = ({ candidate }) => this.keep(candidate);
    this.peer.onconnectionstatechange = () => this.on.state(this.peer.connectionState);
    this.on.media();
  }

  /** Servers that help two ends to find each other; they are known only with the call. */
  help(servers) { if (servers?.length) this.peer?.setConfiguration({ iceServers: servers }); }

  async offer(options) {
    await this.peer.setLocalDescription(await this.peer.createOffer(options));
    return this.peer.localDescription.sdp;
  }

  async answer(sdp) {
    await this.hear('offer', sdp);
    await this.peer.setLocalDescription(await this.peer.createAnswer());
    return this.peer.localDescription.sdp;
  }

  async hear(type, sdp) {
    await this.peer.setRemoteDescription({ type, sdp });
    for (const candidate of this.early.splice(0)) await this.peer.addIceCandidate(candidate);
  }

  /** Ways to the other end, which may be told of before the end itself is known. */
  async learn(candidates) {
    for (const candidate of candidates) {
      if (!this.peer?.remoteDescription) this.early.push(candidate);
      else await this.peer.addIceCandidate(candidate);
    }
  }

  keep(candidate) {
    if (!candidate) return;
    const { candidate: text, sdpMid, sdpMLineIndex } = candidate;
    this.found.push({ candidate: text, sdpMid, sdpMLineIndex });
    if (this.told) this.on.candidates([this.found.at(-1)]);
  }

  /** From now on the other end is there to be told, also of what was found before. */
  tell() {
    this.told = true;
    if (this.found.length) this.on.candidates(this.found);
  }

  /** Whether the other side does not hear this one. */
  get muted() { return !this.mine?.getAudioTracks().some(({ enabled }) => enabled); }

  mute(muted) { this.mine?.getAudioTracks().forEach((track) => { track.enabled = !muted; }); }

  get hidden() { return !this.mine?.getVideoTracks().some(({ enabled }) => enabled); }

  hide(hidden) { this.mine?.getVideoTracks().forEach((track) => { track.enabled = !hidden; }); }

  close() {
    this.closed = true;
    this.mine?.getTracks().forEach((track) => track.stop());
    this.peer?.close();
  }
}
