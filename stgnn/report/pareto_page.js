"use strict";
// Every drawing and every text of the page is made before; this script only points, selects and sorts.
(async () => {
  const points = JSON.parse(document.getElementById("points").textContent); // key -> [ms, accuracy, fine-tuned?]
  const panel = document.getElementById("panel");
  const box = document.querySelector("[data-pareto]");
  const tip = box.querySelector(".tip");
  const charts = [...box.querySelectorAll(".chart")];
  const keyOf = (link) => link.getAttribute("href").slice(1);
  const front = new Set([...charts[0].querySelectorAll("a")].map(keyOf));
  const initial = { key: panel.dataset.initial, html: panel.innerHTML };
  let details = {}; // key -> {tip, panel}, both HTML

  // The details of all networks are packed (gzip, base64): thousands of diagrams would weigh megabytes otherwise.
  async function unpack() {
    const packed = document.getElementById("details").textContent.trim();
    if (!("DecompressionStream" in window) || !packed) return {};
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function place(chart, [latency, accuracy]) {
    const [x0, x1, left, right, y0, y1, bottom, top] = chart.dataset.axes.split(" ").map(Number);
    const across = Math.log(latency / x0) / Math.log(x1 / x0);
    return [left + across * (right - left), bottom + ((accuracy - y0) / (y1 - y0)) * (top - bottom)];
  }

  function nearest(chart, event) {
    const area = chart.getBoundingClientRect();
    const zoom = area.width / chart.viewBox.baseVal.width;
    let best = [24, null];
    for (const [key, [latency, ...accuracies]] of Object.entries(points)) {
      // Points of the front win over the faint ones around them.
      const favour = front.has(key) ? 6 : 0;
      for (const accuracy of accuracies) {
        const [x, y] = place(chart, [latency, accuracy]);
        const distance = Math.hypot(x * zoom - (event.clientX - area.left), y * zoom - (event.clientY - area.top)) - favour;
        if (distance < best[0]) best = [distance, key, [latency, accuracy]];
      }
    }
    return best.slice(1);
  }

  function showTip(chart, key, spot = points[key]) {
    tip.hidden = !key || !details[key];
    if (tip.hidden) return;
    tip.innerHTML = details[key].tip;
    const zoom = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
    const [x, y] = place(chart, spot).map((value) => value * zoom);
    const left = Math.max(0, Math.min(x + 16, box.clientWidth - tip.offsetWidth));
    const above = y - tip.offsetHeight - 16;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 0 ? above : y + 18}px`;
  }

  function select(key) {
    if (!Object.hasOwn(points, key)) return;
    if (!details[key] && key !== initial.key) return;
    panel.innerHTML = details[key] ? details[key].panel : initial.html;
    for (const chart of charts) {
      const ring = chart.querySelector(".ring");
      const [x, y] = place(chart, points[key]);
      ring.setAttribute("cx", x);
      ring.setAttribute("cy", y);
      const links = [...chart.querySelectorAll("a")];
      const focusable = links.find((link) => keyOf(link) === key) || links.find((link) => link.tabIndex === 0) || links[0];
      for (const link of links) link.tabIndex = link === focusable ? 0 : -1;
    }
    for (const row of document.querySelectorAll(".list tbody tr")) row.classList.toggle("selected", row.dataset.key === key);
    document.body.dataset.selected = key;
  }

  for (const chart of charts) {
    chart.addEventListener("pointermove", (event) => showTip(chart, ...nearest(chart, event)));
    chart.addEventListener("pointerleave", () => showTip(chart, null));
    chart.addEventListener("click", (event) => {
      if (event.detail === 0) return; // Enter on a link: the link itself does it
      event.preventDefault();
      const [key, spot] = nearest(chart, event);
      if (key) location.hash = key;
      showTip(chart, key, spot);
    });
    chart.addEventListener("focusin", (event) => showTip(chart, keyOf(event.target)));
    chart.addEventListener("focusout", () => showTip(chart, null));
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (event.key === "Escape") showTip(chart, null);
      if (!step) return;
      event.preventDefault();
      const links = [...chart.querySelectorAll("a")].filter((link) => keyOf(link).startsWith("trial="));
      const target = links[links.indexOf(document.activeElement) + step];
      if (!target) return;
      target.focus();
      location.hash = keyOf(target);
    });
  }

  for (const button of document.querySelectorAll(".list button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const descending = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentElement.cells) if (other.ariaSort) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const body = head.closest("table").tBodies[0];
      const value = (row) => Number(row.cells[head.cellIndex].dataset.value);
      const rows = [...body.rows].sort((a, b) => (value(a) - value(b)) * (descending ? -1 : 1));
      body.append(...rows);
    });
  }
  // A network selected further down the page is shown at its top.
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".list tbody tr");
    if (row) location.hash = row.dataset.key;
    if (row || event.target.closest(".pair a")) document.getElementById("front").scrollIntoView();
  });

  const follow = () => select(location.hash.slice(1) || initial.key);
  details = await unpack();
  window.addEventListener("hashchange", follow);
  follow();
  document.body.dataset.ready = "yes";
})();
