"use strict";
// The way to the collection server: events go out one after another, again and again until each is acknowledged.
const upload = {
  session: null,
  waiting: [],
  busy: false,
  failures: 0,

  get used() { return Boolean(KIT.server) && location.protocol.startsWith("http"); },

  async begin(participant) {
    const asked = { test: KIT.test, digest: KIT.digest, participant, language: words.language };
    const answer = await fetch("api/session", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked),
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.json();
  },

  // What the session has that the server has not acknowledged goes out.
  async resume(session, events) {
    this.session = session;
    this.waiting = events.filter((event) => event.seq >= session.sent);
    this.push();
  },

  send(event) {
    if (!this.used) return;
    this.waiting.push(event);
    this.push();
  },

  async push() {
    if (this.busy || !this.waiting.length) return;
    this.busy = true;
    const batch = this.waiting.slice(0, 20);
    try {
      const answer = await fetch("api/events", {
        method: "POST", keepalive: true, body: JSON.stringify({ events: batch }),
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.session.token}` },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      this.waiting = this.waiting.slice(batch.length);
      this.session.sent = batch.at(-1).seq + 1;
      await journal.note(this.session);
      this.failures = 0;
    } catch {
      this.failures += 1;
    }
    this.busy = false;
    if (this.waiting.length) {
      const wait = this.failures ? Math.min(30000, 500 * 2 ** this.failures) * (0.5 + Math.random() / 2) : 0;
      setTimeout(() => this.push(), wait);
    }
  },

  // Resolves with what the server says at the end, or null if it cannot be reached within `patience` milliseconds.
  async finish(patience) {
    const end = Date.now() + patience;
    while (this.waiting.length && Date.now() < end) {
      this.push();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (this.waiting.length) return null;
    try {
      const answer = await fetch("api/finish", {
        method: "POST", body: "{}",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.session.token}` },
      });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  },
};
window.addEventListener("online", () => upload.push());
window.addEventListener("pagehide", () => upload.push());
