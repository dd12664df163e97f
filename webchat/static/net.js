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

// EventSource reconnects by itself and says where it stopped; `since` is where the page's first state was read.
export function listen(since, onEvent, onConnection) {
  const source = new EventSource(`/chat/events?user=${page.user}&since=${since}&lang=${page.language}`);
  source.onmessage = (event) => onEvent(JSON.parse(event.data));
  source.onopen = () => onConnection(true);
  source.onerror = () => {
    onConnection(false);
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => onEvent({ kind: "reload" }), 3000);
    }
  };
  return source;
}
