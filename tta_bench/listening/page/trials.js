"use strict";
// One page of the test: its sounds, what is asked of them, and whether all is answered.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

class Trial {
  // `given` is the payload of an earlier answer, or undefined; `changed` is called when anything was.
  constructor(id, given, changed) {
    this.id = id;
    this.trial = KIT.trials[id];
    this.changed = changed;
    this.started = performance.now();
    this.blurs = 0;
    this.before = given || { heard: {}, plays: {} };
    const several = this.trial.stimuli.length > 1;
    Player.all = [];
    const player = (sound, name) => {
      const made = new Player(sound, name, () => this.update());
      Player.all.push(made);
      return made;
    };
    this.reference = this.trial.reference && player(this.trial.reference, words.say(KIT.kind === "abx" ? "x" : "reference"));
    this.players = this.trial.stimuli.map((sound, i) => player(sound, several ? LETTERS[i] : words.say("sound")));
    this.scales = this.trial.stimuli.map((sound, i) => KIT.axes.map((axis) => {
      const was = given && given.ratings[sound.id] && given.ratings[sound.id][axis.id];
      return scaleOf(axis, several ? LETTERS[i] : "", was, () => this.update());
    }));
    this.choice = KIT.axes.length ? null : this.choices(given);
    this.ready = true;
    this.update();
  }

  choices(given) {
    const options = this.trial.stimuli.map((sound, i) => [sound.id, LETTERS[i]]);
    if (KIT.kind === "ab") options.push(["tie", words.say("tie")]);
    return new Radios(words.say(KIT.kind), options, given && given.choice, () => this.update());
  }

  get element() {
    const rows = this.players.map((player, i) => make("section", { class: "stimulus", "aria-label": player.name },
      player.element, ...this.scales[i].map((scale) => scale.element)));
    const first = this.reference ? [make("section", { class: "stimulus reference", "aria-label": this.reference.name }, this.reference.element)] : [];
    return make("div", { class: `trial ${KIT.kind}` }, ...first, ...rows, ...(this.choice ? [this.choice.element] : []));
  }

  // Whether a sound was heard, now or before the page was loaded again.
  heard(player) { return player.settled || this.wasHeard(player.sound); }
  wasHeard(sound) { return (this.before.heard[sound.id] || 0) >= HEARD * sound.seconds; }

  update() {
    if (!this.ready) return;
    const reference = !this.reference || this.heard(this.reference);
    this.players.forEach((player, i) => {
      for (const scale of this.scales[i]) scale.lock(!reference || !this.heard(player) || !this.ratable(player));
    });
    if (this.choice) this.choice.lock(!this.comparable || !Player.all.every((player) => this.heard(player)));
    this.changed();
  }

  // What cannot be heard is neither rated nor compared.
  get comparable() { return !Player.all.some((player) => player.given_up); }
  ratable(player) { return !player.given_up && !(this.reference && this.reference.given_up); }

  // What is missing, in words; empty if the page is done.
  get lacking() {
    const unheard = Player.all.filter((player) => !this.heard(player));
    if (unheard.length) return words.say("hearFirst", { names: unheard.map((player) => player.name).join(", ") });
    if (this.choice) return this.choice.value === null && this.comparable ? words.say("choose") : "";
    const open = this.players.some((player, i) => this.ratable(player) && this.scales[i].some((scale) => scale.value === null));
    const wrong = this.scales.flat().find((scale) => scale.wrong);
    return wrong ? words.say("range", wrong.axis) : open ? words.say("rateAll") : "";
  }

  get payload() {
    const all = Player.all.map((player) => player.sound.id);
    const by = (value) => Object.fromEntries(Player.all.map((player, i) => [all[i], value(player)]));
    const rated = this.players.filter((player) => KIT.axes.length && this.ratable(player));
    const before = (name, sound) => this.before[name][sound.id] || 0;
    return {
      ratings: Object.fromEntries(rated.map((player) => [player.sound.id,
        Object.fromEntries(KIT.axes.map((axis, k) => [axis.id, this.scales[this.players.indexOf(player)][k].value]))])),
      choice: this.choice && this.comparable ? this.choice.value : null,
      heard: by((player) => Math.max(player.seconds, before("heard", player.sound))),
      plays: by((player) => player.plays + before("plays", player.sound)),
      milliseconds: Math.round(performance.now() - this.started) + (this.before.milliseconds || 0),
      blurs: this.blurs + (this.before.blurs || 0),
      failed: Player.all.filter((player) => player.given_up).map((player) => player.sound.id),
    };
  }

  // 1 to 9: the scale that has the focus, else the first that is open and has no value yet, else the first open one.
  press(number) {
    const all = [...this.scales.flat(), ...(this.choice ? [this.choice] : [])].filter((scale) => scale.press && !scale.element.disabled);
    const focused = all.find((scale) => scale.element.contains(document.activeElement));
    const open = focused || all.find((scale) => scale.value === null) || all[0];
    if (open) open.press(number);
  }

  stop() { for (const player of Player.all) player.audio.pause(); }
}
