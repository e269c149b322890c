"use strict";
// Each drawing stands still without this script; here the places of its joints change with time.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const button = document.getElementById("play");

  // Places are 16-bit little-endian numbers (frames, persons, joints, 2), 0 where a joint is not seen.
  function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Array.from({ length: bytes.length / 2 }, (_, index) => view.getUint16(2 * index, true));
  }

  function limbs(clip, frame, bones) {
    let path = "";
    for (let person = 0; person < clip.persons; person++) {
      const start = 2 * data.joints * (frame * clip.persons + person);
      for (const [one, other] of bones) {
        const [x1, y1, x2, y2] = [one, one, other, other].map((joint, i) => clip.places[start + 2 * joint + (i % 2)]);
        if (!(x1 || y1) || !(x2 || y2)) continue;
        const [a, b, c, d] = [x1, y1, x2, y2].map((value) => (value * data.scale).toFixed(1));
        path += `M${a} ${b}L${c} ${d}`;
      }
    }
    return path;
  }

  const drawings = [...document.querySelectorAll("[data-clip]")].map((figure) => {
    const clip = data.clips[Number(figure.dataset.clip)];
    clip.places = unpack(clip.points);
    const paths = Object.keys(data.bones).map((side) => [figure.querySelector(`.limb.${side}`), data.bones[side]]);
    return { figure, clip, paths, visible: true, shown: -1 };
  });

  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) drawings.find((one) => one.figure === entry.target).visible = entry.isIntersecting;
  });
  for (const drawing of drawings) watch.observe(drawing.figure);

  let playing = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let clock = 0;
  let before = null;
  function step(now) {
    clock += before === null ? 0 : now - before;
    before = now;
    for (const drawing of drawings) {
      const frame = Math.floor(((clock % drawing.clip.loop) / drawing.clip.loop) * drawing.clip.frames);
      if (!drawing.visible || frame === drawing.shown) continue;
      drawing.shown = frame;
      for (const [path, bones] of drawing.paths) path.setAttribute("d", limbs(drawing.clip, frame, bones));
    }
    if (playing) requestAnimationFrame(step);
  }

  function tell() {
    button.textContent = playing ? "Pause" : "Play";
    before = null;
    if (playing) requestAnimationFrame(step);
  }
  button.addEventListener("click", () => {
    playing = !playing;
    tell();
  });
  button.hidden = drawings.length === 0;
  tell();
})();
