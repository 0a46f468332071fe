"use strict";
(() => {
  const id = (name) => document.getElementById(name);
  const all = (what, inside = document) => [...inside.querySelectorAll(what)];
  // Sentences stand in the page, in its language.
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  all("[data-tools]").forEach((tools) => { tools.hidden = false; });

  // The map: one picture for each choice. Rows of the table that do not belong to the choice go.
  const [who, what, when] = ["who", "what", "when"].map(id);
  if (who) {
    const layers = new Map();
    for (const layer of all(".om-layer")) {
      for (const key of layer.dataset.keys.split(";")) layers.set(key, layer);
    }
    const rows = all("#ways tbody tr");
    const chosen = (select) => select.selectedOptions[0];
    const overlap = (a, b) => a === b || a.startsWith(b + ".") || b.startsWith(a + ".");
    const show = () => {
      const state = chosen(when).dataset;
      const layer = layers.get([who.value, what.value, when.value].join(" "));
      for (const other of new Set(layers.values())) other.classList.toggle("om-off", other !== layer);
      const origins = chosen(who).dataset.origins?.split(" ");
      const data = chosen(what).dataset.class;
      let n = 0;
      for (const row of rows) {
        const fits = (!origins || origins.includes(row.dataset.origin))
          && (!data || overlap(row.dataset.class, data))
          && Number(row.dataset.rank) <= Number(state.rank);
        row.hidden = !fits;
        n += fits;
      }
      const says = id("shown").dataset;
      const drawn = layer ? layer.dataset.says : says.none;
      const table = state.change ? says.every : fill(says.rows, { n, all: rows.length });
      id("shown").textContent = fill(says.end, { drawn, table });
    };
    for (const select of [who, what, when]) select.addEventListener("change", show);
    // A page that is loaded again may keep what was chosen before.
    for (const select of [who, what, when]) select.selectedIndex = 0;
    show();
  }

  // Findings: those with the words that are looked for.
  const find = id("find");
  if (find) {
    const findings = all(".finding");
    const texts = new Map();
    let timer;
    const filter = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      let n = 0;
      for (const finding of findings) {
        if (words.length && !texts.has(finding)) texts.set(finding, finding.textContent.toLowerCase());
        const fits = words.every((word) => texts.get(finding).includes(word));
        finding.hidden = !fits;
        n += fits;
      }
      id("found").textContent = words.length ? fill(id("found").dataset.found, { n, all: findings.length }) : "";
    };
    find.value = "";
    find.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 150); });
    const turn = (open) => findings.forEach((finding) => { if (!finding.hidden) finding.open = open; });
    all("[data-open]").forEach((button) => button.addEventListener("click", () => turn(true)));
    all("[data-close]").forEach((button) => button.addEventListener("click", () => turn(false)));
  }

  // What is closed would not be printed.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((d) => { d.open = true; });
  });
  addEventListener("afterprint", () => {
    closed.forEach((d) => { d.open = false; });
    closed = [];
  });
})();
