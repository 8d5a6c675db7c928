"use strict";
// The flow: consent, questions, volume, headphones, trials, the end; and the way back into it after a reload or a crash.
const app = {
  session: null,
  events: [],
  shortcuts: KIT.shortcuts,

  async run() {
    const asked = new URLSearchParams(location.search);
    words.choose([asked.get("lang"), ...navigator.languages].filter(Boolean));
    document.title = document.getElementById("title").textContent = KIT.title;
    this.participant = participant(asked);
    try {
      await journal.open();
    } catch (error) {
      showPage(words.say("noStorage"), ...paragraphs(words.say("noStorageText")));
      return;
    }
    if (!await this.alone()) {
      showPage(words.say("otherTab"), ...paragraphs(words.say("otherTabText")));
      return;
    }
    if (!await this.resume() && !await this.begin(asked)) return;
    if (!await this.prepare()) return;
    await this.trials();
    await this.end();
  },

  // Whether no other tab has this test open: the lock is held until the tab goes.
  alone() {
    if (!navigator.locks) return true;
    return new Promise((resolve) => {
      navigator.locks.request(`listening-${KIT.test}`, { ifAvailable: true }, (lock) => {
        resolve(Boolean(lock));
        return lock ? new Promise(() => {}) : undefined;
      });
    });
  },

  async resume() {
    const oldest = Date.now() - 3600000 * KIT.resume_hours;
    const known = (await journal.sessions()).filter((one) => one.digest === KIT.digest && one.begun > oldest
      && JSON.stringify(one.participant) === JSON.stringify(this.participant)).sort((a, b) => b.begun - a.begun)[0];
    if (!known) return false;
    const events = await journal.events(known.session);
    words.choose([known.language]);
    if (!events.some(({ type }) => type === "finish")
      && !await steps.ask(words.say("welcomeBack"), words.say("welcomeBackText"), [[words.say("goOn"), true], [words.say("anew"), false]])) return false;
    [this.session, this.events] = [known, events];
    if (upload.used) upload.resume(known, events);
    return true;
  },

  async begin(asked) {
    if (KIT.languages.length > 1) {
      const names = new Intl.DisplayNames([words.language], { type: "language" });
      const options = KIT.languages.map((name) => [new Intl.DisplayNames([name], { type: "language" }).of(name) || names.of(name), name]);
      words.choose([await steps.ask(KIT.title, words.say("language"), options)]);
    }
    const consent = await steps.consent();
    let started = { session: randomHex(16), token: null, list: null };
    if (upload.used) {
      try {
        started = await upload.begin(this.participant);
      } catch (error) {
        showPage(words.say("noServer"), ...paragraphs(words.say("noServerText")), button(words.say("retry"), () => location.reload(), { class: "main" }));
        return false;
      }
    } else started.list = listOf(asked.get("list"), this.participant, started.session);
    this.session = { ...started, digest: KIT.digest, begun: Date.now(), participant: this.participant, language: words.language, sent: 0 };
    await journal.note(this.session);
    if (upload.used) upload.resume(this.session, []);
    const { list } = this.session;
    await this.add("start", null, { test: KIT.test, digest: KIT.digest, list, participant: this.participant, language: words.language });
    await this.add("consent", null, consent);
    return true;
  },

  async add(type, trial, payload) {
    const event = { event: eventId(), session: this.session.session, seq: this.events.length, time: Date.now(), type, trial, payload };
    await journal.add(event);
    this.events.push(event);
    upload.send(event);
  },

  did(type) { return this.events.some((event) => event.type === type); },

  async prepare() {
    if (!this.did("consent")) await this.add("consent", null, await steps.consent());
    if (KIT.questionnaire.length && !this.did("questionnaire")) await this.add("questionnaire", null, await steps.questionnaire());
    if (!this.did("answer") && !this.did("finish")) {
      const first = KIT.trials[KIT.lists[this.session.list][0]];
      await steps.volume(first.stimuli[0]);
      if (KIT.headphones && KIT.headphones.ask && !this.did("headphones")) await this.add("headphones", null, await steps.headphones());
    }
    return true;
  },

  answers() {
    return new Map(this.events.filter(({ type }) => type === "answer").map(({ trial, payload }) => [trial, payload]));
  },

  async trials() {
    const list = KIT.lists[this.session.list];
    let answered = this.answers();
    let place = list.findIndex((id) => !answered.has(id));
    let block = "training";
    while (place >= 0 && place < list.length) {
      const { block: now } = KIT.trials[list[place]];
      if (now === "main" && block === "training" && place > 0 && KIT.trials[list[place - 1]].block === "training" && !answered.has(list[place])) {
        await steps.ask(words.say("trainingOver"), words.say("trainingOverText"), [[words.say("next"), true]]);
      }
      block = now;
      place += await this.trial(list, place, answered.get(list[place]));
      answered = this.answers();
    }
  },

  // Shows a page until the listener goes on (1) or back (-1).
  trial(list, place, given) {
    return new Promise((resolve) => {
      const id = list[place], said = KIT.trials[id];
      const back = place > 0 && KIT.trials[list[place - 1]].block === said.block;
      const hint = make("p", { id: "hint", class: "hint" });
      const next = button(words.say("next"), () => leave(1), { class: "main", "aria-describedby": "hint" });
      let leaving = false;
      const update = () => { hint.textContent = trial && !leaving ? trial.lacking : ""; next.classList.toggle("waiting", Boolean(trial && trial.lacking)); };
      let trial = null;
      const leave = async (way) => {
        if (leaving || (way > 0 && trial.lacking)) { update(); return; }
        leaving = true;
        trial.stop();
        if (way > 0) {
          const { milliseconds, blurs, ...now } = trial.payload;
          const { milliseconds: _, blurs: __, ...before } = given || {};
          if (JSON.stringify(now) !== JSON.stringify(before)) {
            try {
              await this.add("answer", id, { ...now, milliseconds, blurs });
            } catch (error) {
              tell(words.say("notSaved"));
              leaving = false;
              return;
            }
          }
          tell(words.say("saved"));
        }
        window.onpopstate = document.onkeydown = document.onvisibilitychange = null;
        resolve(way);
      };
      trial = new Trial(id, given, update);
      const caption = said.question ? words.of(said.question) : said.prompt ? `“${said.prompt}”` : words.say(KIT.kind);
      showPage(caption, trial.element, hint, make("p", { class: "buttons" }, ...(back ? [button(words.say("back"), () => leave(-1))] : []), next), this.help());
      this.progress(place, list);
      update();
      history.pushState({ place }, "");
      window.onpopstate = () => { history.pushState({ place }, ""); if (back) leave(-1); };
      document.onvisibilitychange = () => { trial.blurs += document.hidden ? 1 : 0; };
      document.onkeydown = (event) => this.key(event, trial);
    });
  },

  help() {
    if (!KIT.shortcuts) return "";
    const box = make("input", { type: "checkbox", onchange: () => { this.shortcuts = box.checked; } });
    box.checked = this.shortcuts;
    return make("p", { class: "help" }, make("label", { class: "choice" }, box, make("span", { text: words.say("shortcuts") })));
  },

  key(event, trial) {
    if (!this.shortcuts || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=radio]), button, a, select, textarea")) return;
    if (event.key === " ") {
      const playing = Player.all.find((player) => !player.audio.paused);
      (playing || Player.all.find((player) => !trial.heard(player)) || Player.all[0]).toggle();
      event.preventDefault();
    } else if (/^[1-9]$/.test(event.key)) trial.press(Number(event.key));
  },

  progress(place, list) {
    document.getElementById("progress").hidden = false;
    document.getElementById("bar").value = place / list.length;
    document.getElementById("bar").setAttribute("aria-label", words.say("progress"));
    document.getElementById("count").textContent = words.say("page", { place: place + 1, of: list.length });
  },

  async end() {
    document.getElementById("progress").hidden = true;
    tell("");
    if (!this.did("finish")) await this.add("finish", null, {});
    if (!upload.used) { steps.finish(this.session, this.events); return; }
    showPage(words.say("sending"), ...paragraphs(words.say("sendingText")));
    const answer = await upload.finish(20000);
    if (answer && answer.url) KIT.completion.url = answer.url;
    steps.finish(this.session, this.events, answer ? answer.code || "" : null);
  },
};

// Who takes part, as the recruiting site says in the address: letters, digits, dashes, and not long.
function participant(asked) {
  const said = KIT.participant.map((name) => [name, asked.get(name)]);
  return Object.fromEntries(said.filter(([, value]) => value !== null && /^[A-Za-z0-9_-]{1,64}$/.test(value)));
}

// Without a server: the list that the address names, else one drawn from who takes part.
function listOf(named, who, session) {
  const number = Number(named);
  if (named !== null && Number.isInteger(number) && number >= 0 && number < KIT.lists.length) return number;
  const drawn = sha256(Object.keys(who).length ? JSON.stringify(who) : session);
  return parseInt(drawn.slice(0, 8), 16) % KIT.lists.length;
}

app.run();
