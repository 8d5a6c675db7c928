"use strict";
// The way to the collection server: events go out one after another, again and again until each is acknowledged.
const LARGEST = 40000; // bytes of a batch: a page that goes may still send 64 kB, and a server takes no more at once
const LONGEST_WAIT = 30000;

class Refused extends Error {}

const upload = {
  session: null,
  waiting: [],
  busy: false,
  failures: 0,
  timer: null,
  patience: 20000, // milliseconds

  get used() { return Boolean(KIT.server) && location.protocol.startsWith("http"); },

  // What the server answers. Throws Refused for an answer that is no, and whatever fetch throws for none.
  async post(path, content, options = {}) {
    const headers = { "Content-Type": "application/json" };
    if (this.session) headers.Authorization = `Bearer ${this.session.token}`;
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(content), ...options });
    if (!answer.ok) throw new Refused(`${answer.status} ${await answer.text()}`);
    return answer.json();
  },

  begin(participant) {
    return this.post("api/session", { test: KIT.test, digest: KIT.digest, participant, language: words.language });
  },

  // What the session has that the server has not acknowledged goes out.
  resume(session, events) {
    this.session = session;
    this.waiting = events.filter((event) => event.seq >= session.sent);
    this.push();
  },

  send(event) {
    if (!this.used) return;
    this.waiting.push(event);
    this.push();
  },

  get batch() {
    let size = 0;
    const fitting = this.waiting.findIndex((event) => (size += new Blob([JSON.stringify(event)]).size) > LARGEST);
    return this.waiting.slice(0, Math.min(20, fitting < 0 ? Infinity : Math.max(1, fitting)));
  },

  async push() {
    if (this.busy || !this.waiting.length) return;
    clearTimeout(this.timer);
    this.busy = true;
    const { batch } = this;
    try {
      await this.post("api/events", { events: batch }, { keepalive: true });
      this.waiting = this.waiting.slice(batch.length);
      this.session.sent = batch.at(-1).seq + 1;
      this.failures = 0;
      // Should this note be lost, the events are sent twice, which the server does not mind.
      await journal.note(this.session).catch(() => {});
    } catch {
      this.failures += 1;
    }
    this.busy = false;
    document.getElementById("unsent").textContent = this.failures > 1 ? words.say("unsent") : "";
    const wait = this.failures ? Math.min(LONGEST_WAIT, 500 * 2 ** this.failures) * (0.5 + Math.random() / 2) : 0;
    if (this.waiting.length) this.timer = setTimeout(() => this.push(), wait);
  },

  // Resolves with what the server says at the end, or null if it cannot be had.
  async finish() {
    const end = performance.now() + this.patience;
    this.failures = 0;
    for (this.push(); this.waiting.length && performance.now() < end;) await new Promise((resolve) => setTimeout(resolve, 50));
    return this.waiting.length ? null : this.post("api/finish", {}).catch(() => null);
  },
};
window.addEventListener("online", () => upload.push());
window.addEventListener("pagehide", () => upload.push());
