// Talking to the server: words, deeds, and the stream of what happened.

export const page = document.body.dataset;
export const words = await (await fetch(`/chat/words.json?lang=${page.language}`)).json();

export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

// A deed that failed comes back as { ok: false, complaint } with words for the person.
export async function post(path, body) {
  const isForm = body instanceof FormData;
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: isForm ? {} : { "Content-Type": "application/json" },
      body: isForm ? body : JSON.stringify(body),
    });
  } catch {
    return { ok: false, status: 0, complaint: words.not_sent };
  }
  if (answer.ok) return answer.json();
  const known = { 413: words.too_big, 429: words.too_fast };
  const said = answer.status === 409 ? (await answer.json()).error : undefined;
  return { ok: false, status: answer.status, said, complaint: known[answer.status] ?? words.failed };
}

// The stream of what happens. A tab that nobody looks at holds none, for a browser has six connections to one address;
// looked at again, it hears what it missed since the last event it knows. EventSource reconnects by itself.
export class Line {
  constructor(onEvent, onConnection) {
    Object.assign(this, { onEvent, onConnection, since: null, source: null });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
  }

  // From here on: the mark that the page's state was read at, or none.
  start(since) {
    this.since = since;
    this.open();
  }

  open() {
    this.close();
    if (document.hidden || this.since === null) return;
    const source = new EventSource(`/chat/events?user=${page.user}&since=${this.since}&lang=${page.language}`);
    source.onmessage = (event) => {
      this.since = event.lastEventId || this.since;
      this.onEvent(JSON.parse(event.data));
    };
    source.onopen = () => this.onConnection(true);
    source.onerror = () => {
      this.onConnection(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.onEvent({ kind: "reload" }), 3000);
    };
    this.source = source;
  }

  close() {
    this.source?.close();
    this.source = null;
  }

  get broken() {
    return this.source?.readyState === EventSource.CLOSED;
  }
}
