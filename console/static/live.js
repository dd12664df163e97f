// The open board's line to the server. It only hears that something has changed; htmx then fetches the board and morphs
// it into place. Without a line the board asks by itself now and then.
(() => {
  const AGAIN_MS = 10000;
  const sign = document.getElementById("live");
  const refresh = () => htmx.trigger("#board", "refresh");
  let line, timer;

  function show(on) {
    if (!sign) return;
    sign.textContent = on ? sign.dataset.on : sign.dataset.off;
    sign.classList.toggle("live-on", on);
  }

  function open() {
    clearTimeout(timer);
    line?.close();
    line = new EventSource("/live");
    line.addEventListener("open", () => { show(true); refresh(); });
    line.addEventListener("changed", refresh);
    line.addEventListener("ended", () => location.reload());
    line.addEventListener("error", () => {
      show(false);
      if (line.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(() => { refresh(); open(); }, AGAIN_MS);
    });
  }

  // Once the board is there again, what stood against it no longer matters.
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail?.ctx?.target?.id === "board") document.getElementById("notices").replaceChildren();
  });

  // A board that nobody looks at holds no line, for a browser has few; it looks again when it is back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { clearTimeout(timer); line?.close(); } else { open(); }
  });
  addEventListener("pagehide", () => line?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  if (!document.hidden) open();
})();
