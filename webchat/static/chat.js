// The chat page: wires the list of people, the conversation and the clock to the server.

import { Clock } from "./clock.js";
import { Composer } from "./composer.js";
import { byId, popup } from "./dom.js";
import { Log } from "./log.js";
import { Line, get, page, post, words } from "./net.js";
import { People } from "./people.js";

const TAP_LASTS = 20_000;
const waiting = new Map(); // callback query id -> the tapped button's place
const people = page.mode === "demonstration" ? new People() : null;
const clock = byId("clock") ? new Clock(notice) : null;
const talk = page.user ? converse() : null;
const line = new Line(happened, (up) => talk?.connected(up));

await Promise.all([people?.load(), clock?.load(), talk?.load()]);
if (!talk && people) line.start("");

function notice(text) {
  const place = byId("notice");
  if (!place) return;
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(notice.timer);
  notice.timer = setTimeout(settled, 3500);
}

// What was said has been read; that there is no connection stays until there is one.
function settled() {
  const place = byId("notice");
  const offline = document.body.classList.contains("offline");
  if (offline) place.textContent = words.offline;
  place.classList.toggle("shown", offline);
}

function connected(is) {
  const was = !document.body.classList.contains("offline");
  document.body.classList.toggle("offline", !is);
  if (!is && was) notice(words.offline);
  else if (is && !was) settled();
}

function alertBox(text) {
  byId("alert-text").textContent = text;
  byId("alert").showModal();
}

function happened(event) {
  if (event.kind === "unread") people?.markUnread(event.user_id);
  else if (event.kind === "reload") reload();
  else if (event.kind === "clock") clock?.load();
  else talk?.happened(event);
}

// The stream lost touch, or the server is another: read everything anew.
async function reload() {
  try {
    await Promise.all([people?.load(), talk?.load()]);
    if (!talk && line.broken) line.start("");
  } catch {
    setTimeout(reload, 3000);
  }
}

function converse() {
  const deed = async (name, body) => {
    const done = await post(`/chat/${page.user}/${name}`, body);
    if (!done.ok) notice(done.complaint);
    return done;
  };
  const hands = {
    deed,
    notice,
    alert: alertBox,
    send: (text) => deed("send", { text }),
    tap,
  };
  const log = new Log(hands);
  const composer = new Composer(hands);
  const status = byId("status");
  status.textContent = status.dataset.usual;
  let typing;

  popup(byId("more"), byId("more-menu"));
  byId("block").addEventListener("click", () => deed("block", { blocked: !composer.blocked }));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && composer.started) deed("seen", {});
  });

  async function tap(button, messageId, data) {
    busy(button, true);
    const done = await post(`/chat/${page.user}/tap`, { message_id: messageId, data });
    if (!done.ok) {
      busy(button, false);
      notice(done.status === 409 ? words.gone : done.complaint);
      return;
    }
    if (done.query_id in answered) return settle(answered[done.query_id], button);
    waiting.set(done.query_id, button);
    setTimeout(() => waiting.delete(done.query_id) && busy(button, false), TAP_LASTS);
  }

  // An answer may overtake the answer to the tap itself.
  const answered = {};

  function settle(event, button) {
    if (button) busy(button, false);
    if (event.alert) alertBox(event.text);
    else if (event.text) notice(event.text);
    if (event.url) window.open(event.url, "_blank", "noopener");
  }

  // No answer will come by a connection that is gone: the buttons can be tapped again.
  function giveBack() {
    waiting.forEach((button) => busy(button, false));
    waiting.clear();
  }

  function busy(button, is) {
    button.classList.toggle("busy", is);
    button.toggleAttribute("aria-busy", is);
  }

  function inConversation(event) {
    if (event.kind === "message" || event.kind === "edit") {
      log.put(event.message);
      composer.set({ keyboard_now: event.keyboard });
      changed(event);
      if (!event.message.mine) isTyping(false);
      if (event.kind === "message" && !document.hidden && !event.message.mine) post(`/chat/${page.user}/seen`, {});
    } else if (event.kind === "delete") log.remove(event.message_id);
    else if (event.kind === "toast") {
      const button = waiting.get(event.query_id);
      if (button) waiting.delete(event.query_id);
      else answered[event.query_id] = event;
      if (button) settle(event, button);
    } else if (event.kind === "chat") changed(event);
    else if (event.kind === "commands") composer.set({ commands: event.commands });
    else if (event.kind === "typing") isTyping(true);
  }

  function changed({ blocked = composer.blocked, started }) {
    composer.set({ blocked, started });
    byId("block").textContent = blocked ? words.unblock : words.block;
    byId("block").hidden = !started;
  }

  function isTyping(is) {
    clearTimeout(typing);
    status.textContent = is ? words.typing : status.dataset.usual;
    status.classList.toggle("typing", is);
    if (is) typing = setTimeout(() => isTyping(false), 5000);
  }

  async function load() {
    const state = await get(`/chat/${page.user}/state.json?lang=${page.language}`);
    byId("bot-name").textContent = state.bot;
    log.description = state.description;
    log.fill(state.messages);
    const payload = page.payload || state.payload;
    composer.set({
      keyboard_now: state.keyboard,
      commands: state.commands,
      payload,
      linked: Boolean(page.payload) && composer.linked !== false,
    });
    changed(state);
    people?.markUnread(Number(page.user), false);
    line.start(state.mark);
  }

  function heard(up) {
    connected(up);
    if (!up) giveBack();
  }

  return { load, happened: inConversation, connected: heard };
}
