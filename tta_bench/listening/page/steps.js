"use strict";
// The pages before and after the trials. Each resolves when the listener goes on, with what they said.
const steps = {
  consent() {
    return new Promise((resolve) => {
      const agree = make("input", { type: "checkbox", id: "agree", onchange: () => { go.disabled = !agree.checked; } });
      const go = button(words.say("start"), () => resolve(), { class: "main", disabled: true });
      showPage(KIT.title, ...paragraphs(words.of(KIT.consent)), make("h2", { text: words.say("whatToDo") }),
        ...paragraphs(words.of(KIT.instructions)),
        make("p", {}, make("label", { class: "choice", for: "agree" }, agree, make("span", { text: words.say("agree") }))), buttons(go));
    });
  },

  questionnaire() {
    return new Promise((resolve) => {
      const form = make("form", { novalidate: true });
      const wrong = make("p", { class: "trouble", role: "alert", hidden: true });
      const asked = KIT.questionnaire.map((question) => this.question(question, form));
      form.append(wrong, buttons(make("button", { text: words.say("next"), class: "main" })));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const answers = Object.fromEntries(asked.map(({ id, read }) => [id, read()]));
        const open = KIT.questionnaire.filter(({ id, required }) => required && answers[id] === null);
        wrong.hidden = !open.length;
        wrong.textContent = words.say("required", { names: open.map(({ label }) => words.of(label)).join(" · ") });
        if (!open.length) resolve({ answers });
        else asked.find(({ id }) => id === open[0].id).first.focus();
      });
      showPage(words.say("aboutYou"), form);
    });
  },

  question({ id, type, label, options, required }, form) {
    const text = words.of(label) + (required ? "" : ` (${words.say("optional")})`);
    if (type === "choice") {
      const inputs = options.map((option) => make("input", { type: "radio", name: id, value: option.value }));
      form.append(make("fieldset", { class: "scale" }, make("legend", { text }), ...options.map((option, i) =>
        make("label", { class: "choice" }, inputs[i], make("span", { text: words.of(option.label) })))));
      return { id, first: inputs[0], read: () => { const chosen = inputs.find((input) => input.checked); return chosen ? chosen.value : null; } };
    }
    const input = make("input", { type: type === "number" ? "number" : "text", id: `q-${id}`, maxlength: type === "text" ? 500 : null });
    form.append(make("p", {}, make("label", { for: `q-${id}`, text }), make("br"), input));
    return { id, first: input, read: () => (input.value.trim() === "" ? null : type === "number" ? Number(input.value) : input.value.trim()) };
  },

  volume(sound) {
    return new Promise((resolve) => {
      const go = button(words.say("next"), () => { player.audio.pause(); resolve(); }, { class: "main", disabled: true });
      let player = null;
      player = new Player(sound, words.say("sound"), () => { go.disabled = !(player && player.settled); });
      Player.all = [player];
      showPage(words.say("volume"), ...paragraphs(words.say("volumeText")), player.element, buttons(go));
    });
  },

  async headphones() {
    const answers = {};
    for (const [i, trial] of KIT.headphones.trials.entries()) answers[trial.id] = await this.headphoneTrial(trial, i);
    return { answers };
  },

  headphoneTrial(trial, place) {
    return new Promise((resolve) => {
      const go = button(words.say("next"), () => { for (const player of Player.all) player.audio.pause(); resolve(chosen.value); }, { class: "main", disabled: true });
      const update = () => {
        if (!chosen) return;
        chosen.lock(!Player.all.every((player) => player.settled));
        go.disabled = chosen.value === null;
      };
      let chosen = null;
      Player.all = [];
      for (const [i, audio] of trial.audio.entries()) Player.all.push(new Player({ id: String(i), audio, seconds: Infinity }, String(i + 1), update));
      chosen = new Radios(words.say(KIT.headphones.kind), trial.audio.map((_, i) => [i, String(i + 1)]), null, update);
      showPage(words.say("headphones", { place: place + 1, of: KIT.headphones.trials.length }), ...paragraphs(words.say("headphonesText")),
        ...Player.all.map((player) => player.element), chosen.element, buttons(go));
      update();
    });
  },

  // A question with buttons: `options` are [text, value].
  ask(heading, text, options) {
    return new Promise((resolve) => {
      showPage(heading, ...paragraphs(text), buttons(
        ...options.map(([said, value], i) => button(said, () => resolve(value), { class: i ? "" : "main" }))));
    });
  },

  finish(session, events, code) {
    const { url } = KIT.completion;
    const said = code === undefined ? KIT.completion.code : code;
    const stored = upload.used && code !== null;
    const reward = make("div", { hidden: !stored });
    if (said) reward.append(make("p", {}, words.say("code"), " ", make("code", { text: said })));
    if (said && url) reward.append(make("p", {}, make("a", { class: "button main", href: url, rel: "noreferrer", text: words.say("back_to") })));
    if (stored) { showPage(words.say("thanks"), ...paragraphs(words.say("storedText")), reward); return; }
    const file = new Blob([result(session, events)], { type: "application/json" });
    const link = make("a", { class: "button main", download: `${KIT.test}-${session.session.slice(0, 12)}.json`, text: words.say("download"),
      href: URL.createObjectURL(file), onclick: () => { reward.hidden = false; } });
    const again = upload.used ? [button(words.say("sendAgain"), () => app.end())] : [];
    showPage(words.say("thanks"), ...paragraphs(words.say(upload.used ? "notSentText" : "downloadText")),
      ...(said ? paragraphs(words.say("codeAfter")) : []), buttons(link, ...again), reward);
  },
};

// What a listener sends to who runs the test: the events as one text, and its hash.
function result(session, events) {
  const text = JSON.stringify(events);
  return JSON.stringify({ schema: 1, test: KIT.test, digest: KIT.digest, session: session.session, events: text, sha256: sha256(text) });
}
