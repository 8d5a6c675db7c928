"use strict";
// Words in the listener's language, and small pieces of pages.
const KIT = window.KIT;
const words = {
  language: "en",
  choose(wanted) {
    const there = KIT.languages.filter((name) => name in window.STRINGS);
    const found = wanted.map((name) => String(name).slice(0, 2)).find((name) => there.includes(name));
    this.language = found || there[0] || "en";
    document.documentElement.lang = this.language;
    document.documentElement.dir = this.language === "ar" ? "rtl" : "ltr";
  },
  // A phrase of ours; `{name}` in it is filled in.
  say(key, values = {}) {
    const text = window.STRINGS[this.language][key] ?? window.STRINGS.en[key];
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  },
  // A text that the kit states by language.
  of(said) {
    return said[this.language] ?? said.en ?? Object.values(said)[0];
  },
};

function make(tag, options = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...inside);
  return element;
}

// A page of the test: its heading gets the focus, so that who cannot see it hears where they are.
function showPage(heading, ...inside) {
  const title = make("h1", { tabindex: "-1", dir: "auto", text: heading });
  document.getElementById("page").replaceChildren(title, ...inside);
  window.scrollTo(0, 0);
  title.focus({ preventScroll: true });
  return title;
}

const paragraphs = (text) => text.trim().split(/\n\s*\n/).map((part) => make("p", { text: part, dir: "auto" }));
const button = (text, onclick, options = {}) => make("button", { type: "button", text, onclick, ...options });
const buttons = (...inside) => make("p", { class: "buttons" }, ...inside);
const tell = (text) => { document.getElementById("state").textContent = text; };
