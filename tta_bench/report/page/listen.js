// The view in which prompts are heard: one at a time, the reference and every model's clip.
{
  const heard = JSON.parse(byId("heard").textContent);
  const ids = heard.prompts.map((prompt) => prompt.id);
  let listed = ids.map((_, i) => i);
  let at = 0;

  const spread = (metric, i) => {
    const values = heard.scores.map((row) => row[metric][i]).filter((value) => value !== null);
    return values.length < 2 ? -1 : Math.max(...values) - Math.min(...values);
  };

  function list() {
    const words = byId("find").value.trim().toLowerCase();
    const bucket = byId("bucket") ? byId("bucket").value : "";
    listed = ids.map((_, i) => i).filter((i) => {
      const prompt = heard.prompts[i];
      return (!bucket || prompt.bucket === bucket)
        && (!words || prompt.id.toLowerCase().includes(words) || prompt.caption.toLowerCase().includes(words));
    });
    const metric = byId("order").value;
    if (metric !== "") listed.sort((a, b) => spread(Number(metric), b) - spread(Number(metric), a) || a - b);
    show(0);
  }

  function clip(name, key, scores, flags, reference) {
    const card = made("section", null, byId("clips"), reference ? "clip reference" : "clip");
    made("h4", name, card);
    if (key === null) {
      made("p", "no clip", card, "flag");
      return;
    }
    const image = made("img", null, card);
    image.loading = "lazy";
    image.alt = `Spectrogram of the clip of ${name}`;
    image.src = `clips/${key}.png`;
    const player = made("audio", null, card);
    player.controls = true;
    player.preload = "none";
    player.src = `clips/${key}.mp3`;
    player.setAttribute("aria-label", `Clip of ${name}`);
    player.addEventListener("play", () => {
      for (const other of document.querySelectorAll("audio")) if (other !== player) other.pause();
    });
    if (scores.length) {
      const list = made("dl", null, card);
      for (const [metric, value] of scores) {
        made("dt", metric, list);
        made("dd", value === null ? "–" : String(value), list);
      }
    }
    if (flags) made("p", flags.join("; "), card, "flag");
  }

  function show(place) {
    byId("clips").replaceChildren();
    if (!listed.length) {
      byId("caption").textContent = "No prompt fits.";
      byId("about").textContent = byId("place").textContent = "";
      return;
    }
    at = (place + listed.length) % listed.length;
    const i = listed[at], prompt = heard.prompts[i];
    byId("caption").textContent = prompt.caption;
    byId("about").textContent = [prompt.id, prompt.bucket && `${prompt.bucket} sound event${prompt.bucket === "1" ? "" : "s"}`].filter(Boolean).join(" · ");
    byId("place").textContent = `${at + 1} of ${listed.length}`;
    if (prompt.reference) clip("reference", prompt.reference, [], null, true);
    heard.rows.forEach((name, row) => {
      const scores = heard.metrics.map((metric, m) => [metric, heard.scores[row][m][i]]);
      clip(name, prompt.clips[row], scores, (prompt.flags || {})[row], false);
    });
    history.replaceState(null, "", `#prompt=${encodeURIComponent(prompt.id)}`);
  }

  byId("previous").addEventListener("click", () => show(at - 1));
  byId("next").addEventListener("click", () => show(at + 1));
  byId("find").addEventListener("input", list);
  byId("order").addEventListener("input", list);
  if (byId("bucket")) byId("bucket").addEventListener("input", list);
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, audio, dialog, [tabindex='0']") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") show(at - 1);
    else if (event.key === "ArrowRight") show(at + 1);
  });
  const wanted = location.hash.startsWith("#prompt=") ? ids.indexOf(decodeURIComponent(location.hash.slice(8))) : -1;
  const start = location.hash;
  show(Math.max(0, wanted));
  if (wanted < 0) history.replaceState(null, "", start || location.pathname.split("/").pop());
  else byId("listen").scrollIntoView();
}
