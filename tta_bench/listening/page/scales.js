"use strict";
// Scales without a value until the listener gives one. Each has an element, a value (null before), and can be locked.
class Slider {
  constructor(axis, name, given, changed) {
    this.axis = axis;
    this.value = null;
    this.changed = changed;
    const id = `s${randomHex(4)}`;
    const range = { min: axis.min, max: axis.max, step: 1 };
    this.slider = make("input", { type: "range", class: "unset", "aria-label": name, "aria-valuetext": words.say("notRated"), ...range });
    this.number = make("input", { type: "number", inputmode: "numeric", id, ...range });
    const take = () => this.set(Number(this.slider.value));
    // A press on the middle changes nothing that the browser would tell, and is an answer all the same.
    for (const name of ["input", "pointerup"]) this.slider.addEventListener(name, take);
    this.slider.addEventListener("keydown", (event) => { if (event.key === "Enter") take(); });
    this.number.addEventListener("input", () => this.read());
    const ends = make("div", { class: "ends", "aria-hidden": "true" },
      make("span", { text: `${axis.min} ${words.say("worst")}` }), make("span", { text: `${axis.max} ${words.say("best")}` }));
    this.element = make("fieldset", { class: "scale", disabled: true }, make("legend", { text: axisName(axis, name) }),
      make("div", { class: "slider" }, this.slider, make("label", { for: id, class: "hidden", text: words.say("number", { name: axisName(axis, name) }) }), this.number), ends);
    this.slider.setAttribute("aria-label", axisName(axis, name));
    if (given !== undefined && given !== null) this.set(given);
  }

  read() {
    const value = Number(this.number.value);
    const good = this.number.value !== "" && Number.isInteger(value) && value >= this.axis.min && value <= this.axis.max;
    this.number.setAttribute("aria-invalid", String(!good));
    this.wrong = !good;
    if (good) this.set(value, false);
    else { this.value = null; this.changed(); }
  }

  set(value, both = true) {
    this.value = value;
    this.wrong = false;
    this.slider.value = value;
    if (both) this.number.value = value;
    this.number.setAttribute("aria-invalid", "false");
    this.slider.classList.remove("unset");
    this.slider.setAttribute("aria-valuetext", String(value));
    this.changed();
  }

  lock(locked) { this.element.disabled = locked; }
}

class Radios {
  constructor(legend, options, given, changed) {
    this.value = null;
    const name = `r${randomHex(4)}`;
    this.inputs = options.map(([value, text], i) => {
      const input = make("input", { type: "radio", name, value: i, onchange: () => { this.value = value; changed(); } });
      if (value === given) { input.checked = true; this.value = value; }
      return make("label", { class: "choice" }, input, make("span", { text }));
    });
    this.element = make("fieldset", { class: "scale radios", disabled: true }, make("legend", { text: legend }), ...this.inputs);
  }

  press(number) {
    const label = this.inputs[number - 1];
    if (label && !this.element.disabled) label.firstElementChild.click();
  }

  lock(locked) { this.element.disabled = locked; }
}

const axisName = (axis, name) => `${words.say(axis.id)}${name ? ` – ${name}` : ""}`;

function scaleOf(axis, name, given, changed) {
  if (axis.style !== "radio") return new Slider(axis, name, given, changed);
  const grades = [];
  for (let value = axis.min; value <= axis.max; value += 1) {
    grades.push([value, axis.max === 5 && axis.min === 1 ? `${value} ${words.say(`grade${value}`)}` : String(value)]);
  }
  return new Radios(axisName(axis, name), grades, given, changed);
}
