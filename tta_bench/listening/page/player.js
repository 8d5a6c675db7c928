"use strict";
// One sound with a play button. It counts as heard when its end was reached and 95 % of it was played; there is nothing
// to seek with, and what a script might skip is not among the played ranges.
const HEARD = 0.95;
const STALLED = 12000; // milliseconds without a sound, after which something must be wrong

class Player {
  constructor(sound, name, changed) {
    this.sound = sound;
    this.name = name;
    this.changed = changed;
    this.plays = 0;
    this.ended = false;
    this.given_up = false;
    this.label = make("span", { class: "label" });
    this.button = button("", () => this.toggle(), { class: "play" });
    this.button.append(make("span", { class: "sign", "aria-hidden": "true" }), this.label);
    this.meter = make("progress", { max: "1", value: "0", "aria-hidden": "true" });
    this.trouble = make("p", { class: "trouble", role: "alert", hidden: true });
    this.element = make("div", { class: "player" }, this.button, this.meter, this.trouble);
    this.load();
  }

  load() {
    this.audio = new Audio();
    this.audio.preload = "auto";
    this.audio.src = this.sound.audio;
    for (const [name, does] of Object.entries({
      timeupdate: () => { this.meter.value = this.audio.currentTime / (this.audio.duration || 1); },
      play: () => { this.plays += 1; },
      ended: () => { this.ended = true; },
      error: () => this.fail(),
    })) this.audio.addEventListener(name, does);
    for (const name of ["play", "pause", "ended", "timeupdate"]) this.audio.addEventListener(name, () => this.show());
    this.show();
  }

  get seconds() {
    const played = this.audio.played;
    let sum = 0;
    for (let i = 0; i < played.length; i += 1) sum += played.end(i) - played.start(i);
    return Math.round(1000 * Math.min(sum, this.sound.seconds)) / 1000;
  }

  get heard() { return this.ended && this.seconds >= HEARD * Math.min(this.audio.duration || Infinity, this.sound.seconds); }
  get settled() { return this.heard || this.given_up; }

  toggle() {
    if (this.audio.paused) {
      for (const other of Player.all) if (other !== this) other.audio.pause();
      this.audio.play().catch(() => this.audio.error && this.fail());
      this.watch(this.audio, this.audio.currentTime);
    } else this.audio.pause();
  }

  // A connection that is neither there nor gone gives no error.
  watch(audio, place) {
    setTimeout(() => {
      if (audio === this.audio && !audio.paused && audio.currentTime === place) this.fail();
    }, STALLED);
  }

  fail() {
    this.audio.pause();
    const again = button(words.say("retry"), () => { this.trouble.hidden = true; this.load(); this.toggle(); });
    const cannot = button(words.say("cannotPlay"), () => { this.given_up = true; this.show(); });
    this.trouble.replaceChildren(words.say("trouble"), " ", again, " ", cannot);
    this.trouble.hidden = false;
  }

  show() {
    const playing = !this.audio.paused && !this.audio.ended;
    this.label.textContent = words.say(playing ? "pause" : "play", { name: this.name });
    this.button.classList.toggle("playing", playing);
    this.button.classList.toggle("heard", this.heard);
    if (this.given_up) this.trouble.replaceChildren(words.say("givenUp"));
    this.changed();
  }

  static all = [];
}

// Sounds that could not be loaded without a connection are loaded when there is one again.
window.addEventListener("online", () => {
  for (const player of Player.all) {
    if (player.trouble.hidden || player.given_up) continue;
    player.trouble.hidden = true;
    player.load();
  }
});
