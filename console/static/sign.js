// The signature field: strokes are sent as whole points of a field of fixed size, never as a picture.
(() => {
  const canvas = document.querySelector("[data-sign]");
  const form = canvas.closest("form");
  const done = form.querySelector("[data-done]");
  const hint = form.querySelector("[data-hint]");
  const asked = hint.textContent;
  const wide = Number(canvas.dataset.width);
  const high = Number(canvas.dataset.height);
  const pad = new SignaturePad(canvas, { minWidth: 1.2, maxWidth: 3.2, penColor: "#000" });
  let drawnAt = 0;

  // Sharp on every screen; what is written stays when the phone is turned.
  function fit() {
    const scale = drawnAt ? canvas.offsetWidth / drawnAt : 1;
    const strokes = pad.toData();
    for (const stroke of strokes) for (const point of stroke.points) { point.x *= scale; point.y *= scale; }
    const ratio = Math.max(window.devicePixelRatio || 1, 1);
    drawnAt = canvas.offsetWidth;
    canvas.width = canvas.offsetWidth * ratio;
    canvas.height = canvas.offsetHeight * ratio;
    canvas.getContext("2d").scale(ratio, ratio);
    pad.clear();
    if (strokes.length) pad.fromData(strokes);
    show();
  }

  const within = (value, most) => Math.min(most, Math.max(0, Math.round(value)));

  function points() {
    return pad.toData().map((stroke) => {
      const line = [];
      for (const { x, y } of stroke.points) {
        const point = [within((x / canvas.offsetWidth) * wide, wide), within((y / canvas.offsetHeight) * high, high)];
        const last = line[line.length - 1];
        if (!last || last[0] !== point[0] || last[1] !== point[1]) line.push(point);
      }
      return line;
    });
  }

  // As the server counts it: a dot or a dash is nobody's name.
  function ink() {
    let length = 0;
    for (const line of points()) {
      line.slice(1).forEach(([x, y], at) => { length += Math.abs(x - line[at][0]) + Math.abs(y - line[at][1]); });
    }
    return length;
  }

  function show() {
    const short = ink() < Number(canvas.dataset.least);
    done.disabled = short;
    hint.textContent = short && !pad.isEmpty() ? hint.dataset.short : asked;
  }

  pad.addEventListener("endStroke", show);
  form.querySelector("[data-clear]").addEventListener("click", () => { pad.clear(); show(); });
  form.addEventListener("submit", (event) => {
    if (done.disabled) return event.preventDefault();
    form.elements.points.value = JSON.stringify(points());
    done.disabled = true;
  });
  window.addEventListener("resize", fit);
  window.addEventListener("pageshow", show);
  fit();
})();
