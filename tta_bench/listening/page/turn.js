"use strict";
// One trial on the screen: its page, the way on and back, and the keys.
const turn = {
  shortcuts: KIT.shortcuts,
  id: null,
  drafts: new Map(), // what was begun on pages that the listener left by going back
  ahead: [],

  // Shows a page until the listener goes on (1) or back (-1). `given` is the answer that counts so far, or undefined.
  show(list, place, given) {
    return new Promise((resolve) => {
      const id = this.id = list[place];
      const said = KIT.trials[id];
      const back = place > 0 && KIT.trials[list[place - 1]].block === said.block;
      const hint = make("p", { id: "hint", class: "hint" });
      const next = button(words.say("next"), () => leave(1), { class: "main", "aria-describedby": "hint" });
      let leaving = false;
      let trial = null;
      const update = () => {
        const lacking = trial && !leaving ? trial.lacking : "";
        hint.textContent = lacking;
        next.classList.toggle("waiting", Boolean(lacking));
      };
      const leave = async (way) => {
        if (leaving || (way > 0 && trial.lacking)) { update(); return; }
        leaving = true;
        trial.stop();
        if (way > 0 && !await this.keep(id, trial.payload, given)) { leaving = false; return; }
        if (way > 0) this.drafts.delete(id);
        else this.drafts.set(id, trial.payload);
        window.onpopstate = document.onkeydown = document.onvisibilitychange = null;
        resolve(way);
      };
      trial = new Trial(id, this.drafts.get(id) || given, update);
      const caption = said.question ? words.of(said.question) : said.prompt ? `“${said.prompt}”` : words.say(KIT.kind);
      const practice = said.block === "training" ? [make("p", { class: "practice", text: words.say("practice") })] : [];
      showPage(caption, ...practice, trial.element, hint,
        buttons(...(back ? [button(words.say("back"), () => leave(-1))] : []), next), ...this.help());
      this.progress(place, list);
      update();
      history.pushState({ place }, "");
      window.onpopstate = () => { history.pushState({ place }, ""); if (back) leave(-1); };
      document.onvisibilitychange = () => { trial.blurs += document.hidden ? 1 : 0; };
      document.onkeydown = (event) => this.key(event, trial);
      this.load(list[place + 1]);
    });
  },

  // Writes an answer, if it says anything new. Whether it is on the disk.
  async keep(id, payload, given) {
    if (!given || told(payload) !== told(given)) {
      try {
        await app.add("answer", id, payload);
      } catch (error) {
        await app.unsaved(error);
        tell(words.say("notSaved"));
        return false;
      }
    }
    tell(words.say("saved"));
    return true;
  },

  // The sounds of the page that comes next.
  load(id) {
    const { stimuli, reference } = KIT.trials[id] || { stimuli: [] };
    this.ahead = [...stimuli, ...(reference ? [reference] : [])].map((sound) => {
      const audio = new Audio();
      audio.preload = "auto";
      audio.src = sound.audio;
      return audio;
    });
  },

  help() {
    const told = make("details", { class: "help" }, make("summary", { text: words.say("whatToDo") }), ...paragraphs(words.of(KIT.instructions)));
    if (!KIT.shortcuts) return [told];
    const box = make("input", { type: "checkbox", onchange: () => { this.shortcuts = box.checked; } });
    box.checked = this.shortcuts;
    return [told, make("p", { class: "help" }, make("label", { class: "choice" }, box, make("span", { text: words.say("shortcuts") })))];
  },

  // A key that means something to what has the focus is left to that.
  key(event, trial) {
    if (!this.shortcuts || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && !event.target.closest("input:not([type=range]), button, a, summary, label")) {
      const playing = Player.all.find((player) => !player.audio.paused);
      if (!event.repeat) (playing || Player.all.find((player) => !trial.heard(player)) || Player.all[0]).toggle();
      event.preventDefault();
    } else if (/^[1-9]$/.test(event.key) && !event.target.closest("input[type=number]")) trial.press(Number(event.key));
  },

  progress(place, list) {
    document.getElementById("progress").hidden = false;
    document.getElementById("bar").value = place / list.length;
    document.getElementById("bar").setAttribute("aria-label", words.say("progress"));
    document.getElementById("count").textContent = words.say("page", { place: place + 1, of: list.length });
  },
};

// What an answer says, without how long it took.
function told({ milliseconds, blurs, ...payload }) {
  return JSON.stringify(payload);
}
