"use strict";
// The flow: consent, questions, volume, headphones, trials, the end; and the way back into it after a reload or a crash.
const app = {
  session: null,
  events: [],

  async run() {
    const asked = new URLSearchParams(location.search);
    words.choose([asked.get("lang"), ...navigator.languages].filter(Boolean));
    document.title = document.getElementById("title").textContent = KIT.title;
    this.participant = participant(asked);
    try {
      await journal.open();
    } catch {
      showPage(words.say("noStorage"), ...paragraphs(words.say("noStorageText")));
      return;
    }
    if (!await this.alone()) return;
    if (!await this.resume() && !await this.begin(asked)) return;
    if (!await this.prepare()) return;
    if (!this.did("finish")) await this.trials();
    await this.end();
  },

  // Whether no other tab has this test open: the lock is held until the tab goes. This page waits for that.
  alone() {
    if (!navigator.locks) return true;
    const name = `listening-${KIT.test}`;
    return new Promise((resolve) => {
      navigator.locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(Boolean(lock));
        if (lock) return new Promise(() => {});
        this.elsewhere();
        navigator.locks.request(name, () => location.reload());
        return undefined;
      });
    });
  },

  elsewhere() { showPage(words.say("otherTab"), ...paragraphs(words.say("otherTabText"))); },

  async resume() {
    const oldest = Date.now() - 3600000 * KIT.resume_hours;
    const known = (await journal.sessions()).filter((one) => one.digest === KIT.digest && one.begun > oldest
      && JSON.stringify(one.participant) === JSON.stringify(this.participant)).sort((a, b) => b.begun - a.begun)[0];
    if (!known) return false;
    const events = await journal.events(known.session);
    words.choose([known.language]);
    const [text, ...said] = events.some(({ type }) => type === "finish")
      ? ["finishedText", "showEnd", "nextListener"] : ["welcomeBackText", "goOn", "anew"];
    // Who was sent by a recruiting site takes part once.
    if (text === "welcomeBackText" || !KIT.participant.length) {
      if (!await steps.ask(words.say("welcomeBack"), words.say(text), said.map((one, i) => [words.say(one), i === 0]))) return false;
    }
    [this.session, this.events] = [known, events];
    if (upload.used) upload.resume(known, events);
    return true;
  },

  async begin(asked) {
    if (KIT.languages.length > 1) {
      const options = KIT.languages.map((name) => [new Intl.DisplayNames([name], { type: "language" }).of(name), name]);
      words.choose([await steps.ask(KIT.title, words.say("language"), options)]);
    }
    await steps.consent();
    let started = { session: randomHex(16), token: null, list: null };
    if (upload.used) {
      try {
        started = await upload.begin(this.participant);
      } catch (error) {
        const said = error instanceof Refused ? "noPlace" : "noServer";
        showPage(words.say(said), ...paragraphs(words.say(`${said}Text`)), button(words.say("retry"), () => location.reload(), { class: "main" }));
        return false;
      }
    } else started.list = listOf(asked.get("list"), this.participant, started.session);
    this.session = { ...started, digest: KIT.digest, begun: Date.now(), participant: this.participant, language: words.language, sent: 0 };
    await this.insist(() => journal.note(this.session));
    if (upload.used) upload.resume(this.session, []);
    return true;
  },

  async add(type, trial, payload) {
    const event = { event: eventId(), session: this.session.session, seq: this.events.length, time: Math.max(0, Date.now()), type, trial, payload };
    await journal.add(event);
    this.events.push(event);
    upload.send(event);
  },

  did(type) { return this.events.some((event) => event.type === type); },

  // Writes an event that no page waits with, however often the listener has to make room for it.
  async note(type, payload) {
    if (!this.did(type)) await this.insist(async () => this.add(type, null, await payload()));
  },

  async insist(write) {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        await this.unsaved(error);
        await steps.ask(words.say("noRoom"), words.say("notSaved"), [[words.say("retry"), true]]);
      }
    }
  },

  // What another tab has written first shows that there is one, in browsers whose tabs cannot lock each other out.
  unsaved(error) {
    if (error.name !== "ConstraintError") return undefined;
    this.elsewhere();
    return new Promise(() => {});
  },

  // Whether the trials may begin.
  async prepare() {
    const { list, participant: who, language } = this.session;
    // The listener agreed before there was a session; a browser may have ended between the two.
    await this.note("start", () => ({ test: KIT.test, digest: KIT.digest, list, participant: who, language }));
    await this.note("consent", () => ({ given: true }));
    if (KIT.questionnaire.length) await this.note("questionnaire", once(() => steps.questionnaire()));
    if (this.did("answer") || this.did("finish")) return true;
    await steps.volume(KIT.trials[KIT.lists[list][0]].stimuli[0]);
    return this.headphones();
  },

  // A kit that asks for headphones gives two tries; any other only writes down what was answered.
  async headphones() {
    if (!KIT.headphones || !KIT.headphones.ask) return true;
    const { pass, trials } = KIT.headphones;
    const tries = () => this.events.filter(({ type }) => type === "headphones").map(({ payload }) => payload.answers);
    const passed = () => tries().some((answers) => !pass || sha256(trials.map(({ id }) => `${id}:${answers[id]}`).join(" ")) === pass);
    while (!passed() && tries().length < 2) {
      if (tries().length) await steps.ask(words.say("checkAgain"), words.say("checkAgainText"), [[words.say("retry"), true]]);
      const answers = await steps.headphones();
      await this.insist(() => this.add("headphones", null, answers));
    }
    if (!passed()) showPage(words.say("noHeadphones"), ...paragraphs(words.say("noHeadphonesText")));
    return passed();
  },

  answers() {
    return new Map(this.events.filter(({ type }) => type === "answer").map(({ trial, payload }) => [trial, payload]));
  },

  async trials() {
    const list = KIT.lists[this.session.list];
    let place = list.findIndex((id) => !this.answers().has(id));
    const practice = (at) => at >= 0 && KIT.trials[list[at]].block === "training";
    while (place >= 0 && place < list.length) {
      if (practice(place - 1) && !practice(place) && !this.answers().has(list[place])) {
        await steps.ask(words.say("trainingOver"), words.say("trainingOverText"), [[words.say("next"), true]]);
      }
      place += await turn.show(list, place, this.answers().get(list[place]));
    }
  },

  async end() {
    document.getElementById("progress").hidden = true;
    tell("");
    await this.note("finish", () => ({}));
    if (!upload.used) { steps.finish(this.session, this.events); return; }
    showPage(words.say("sending"), ...paragraphs(words.say("sendingText")));
    const answer = await upload.finish();
    if (answer && answer.url) KIT.completion.url = answer.url;
    steps.finish(this.session, this.events, answer ? answer.code || "" : null);
  },
};

// Asks only once, however often what was said has to be written.
function once(ask) {
  let said = null;
  return () => (said = said || ask());
}

// Who takes part, as the recruiting site says in the address: letters, digits, dashes, and not long.
function participant(asked) {
  const said = KIT.participant.map((name) => [name, asked.get(name)]);
  return Object.fromEntries(said.filter(([, value]) => value !== null && /^[A-Za-z0-9_-]{1,64}$/.test(value)));
}

// Without a server: the list that the address names, else one drawn from who takes part.
function listOf(named, who, session) {
  if (/^\d{1,6}$/.test(named || "") && Number(named) < KIT.lists.length) return Number(named);
  const drawn = sha256(Object.keys(who).length ? JSON.stringify(who) : session);
  return parseInt(drawn.slice(0, 8), 16) % KIT.lists.length;
}

window.addEventListener("unhandledrejection", () => tell(words.say("wrong")));
app.run();
