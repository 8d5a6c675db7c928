"use strict";
// The table: sorting, ranks, filters, and what made a number.
const byId = (id) => document.getElementById(id);
const made = (tag, text, parent, className) => {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  if (className) element.className = className;
  if (parent) parent.append(element);
  return element;
};
const table = byId("leaderboard");
const headers = [...table.tHead.rows[0].cells];
const bodies = [...table.tBodies];
const provenance = JSON.parse(byId("data").textContent);

function cellValue(row, column) {
  const said = row.cells[column].dataset.value;
  return said === undefined || said === "" ? null : Number(said);
}

function sortBy(column, ascending) {
  const byName = headers[column].firstElementChild.dataset.sort === "name";
  for (const body of bodies) {
    const rows = [...body.rows];
    rows.sort((a, b) => {
      const names = a.dataset.name.localeCompare(b.dataset.name);
      if (byName) return ascending ? names : -names;
      const [x, y] = [cellValue(a, column), cellValue(b, column)];
      if (x === null || y === null) return (x === null) - (y === null) || names;
      return (ascending ? x - y : y - x) || names;
    });
    body.append(...rows);
  }
  headers.forEach((header, i) => {
    if (header.hasAttribute("aria-sort")) {
      header.setAttribute("aria-sort", i !== column ? "none" : ascending ? "ascending" : "descending");
    }
  });
  showRanks(byName ? null : column);
}

function showRanks(column) {
  let before = null;
  for (const row of bodies[0].rows) {
    const rank = column === null ? "" : row.cells[column].dataset.rank;
    row.cells[0].textContent = rank;
    row.classList.toggle("group", before !== null && rank !== before);
    if (!row.hidden) before = rank;
  }
}

headers.forEach((header, column) => {
  const button = header.querySelector("button");
  if (!button) return;
  button.addEventListener("click", () => {
    const now = header.getAttribute("aria-sort");
    const best = button.dataset.better !== "higher";
    sortBy(column, now === "none" ? best : now !== "ascending");
  });
});

function filter() {
  const trained = byId("filter-trained"), licence = byId("filter-licence").value, size = byId("filter-size").value;
  const without = trained.selectedOptions[0].dataset.name;
  let shown = 0;
  for (const row of bodies[0].rows) {
    const known = row.dataset.trained.split("\n");
    const hidden = (trained.value === "not-here" && row.dataset.here !== "no")
      || (without !== undefined && (known.includes(without) || known[0] === ""))
      || (licence !== "" && row.dataset.licence !== licence)
      || (size !== "" && !(row.dataset.size !== "" && Number(row.dataset.size) <= Number(size)));
    row.hidden = hidden;
    shown += !hidden;
  }
  const all = bodies[0].rows.length;
  byId("shown").textContent = shown === all ? "" : `${shown} of ${all} models; what is not known is left out`;
}
for (const id of ["filter-trained", "filter-licence", "filter-size"]) byId(id).addEventListener("input", filter);
byId("filter-intervals").addEventListener("input", (event) => {
  table.classList.toggle("without-intervals", !event.target.checked);
});
for (const form of document.querySelectorAll("form.filters")) form.addEventListener("submit", (event) => event.preventDefault());

function tell(row, metric, cell) {
  const known = provenance[row.dataset.name], body = byId("made-body");
  byId("made-title").textContent = `${row.dataset.name}: ${metric} ${cell.textContent.trim().replace(/\s+/g, " ")}`;
  body.replaceChildren();
  const defined = (known.metrics || {})[metric] || {};
  const weights = (known.weights || {})[defined.embedder];
  made("p", [defined.paper, defined.embedder && `network ${defined.embedder}`, weights && `weights sha256 ${weights.sha256}`]
    .filter(Boolean).join(" · "), body);
  made("h3", "The command that makes it again", body);
  made("pre", known.command_line, body);
  const code = known.code || {};
  made("p", [code.version && `tta_bench ${code.version}`, code.commit && `commit ${code.commit}${code.dirty ? ", changed since" : ""}`]
    .filter(Boolean).join(", "), body);
  for (const [title, part] of [["Model", known.model], ["Generation", known.generation], ["Cost", known.costs],
    ["Board", known.board], ["Preprocessing", defined.preprocessing], ["Packages and machine", known.packages && { ...known.packages, ...known.machine }]]) {
    if (!part) continue;
    const details = made("details", null, body);
    made("summary", title, details);
    made("pre", JSON.stringify(part, null, 1), details);
  }
  byId("made").showModal();
}
table.addEventListener("click", (event) => {
  const button = event.target.closest("button.value");
  if (button) tell(button.closest("tr"), button.dataset.metric, button);
});
const first = headers.findIndex((header) => header.querySelector("button[data-better]"));
if (first >= 0) sortBy(first, headers[first].querySelector("button").dataset.better !== "higher");
