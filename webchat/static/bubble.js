// One message as it looks: bubble, file, contact, inline keyboard.

import { icon, make } from "./dom.js";
import { page, words } from "./net.js";
import { rich } from "./rich.js";

const locale = page.language === "en" ? "en-GB" : "zh-CN";
const clock = new Intl.DateTimeFormat(locale, { timeZone: page.zone, hour: "2-digit", minute: "2-digit", hour12: false });
const isoDay = new Intl.DateTimeFormat("en-CA", { timeZone: page.zone });
const longDay = new Intl.DateTimeFormat(locale, { timeZone: page.zone, month: "long", day: "numeric", weekday: "long" });

export const dayOf = (seconds) => isoDay.format(new Date(seconds * 1000));
const dayWords = (seconds) => longDay.format(new Date(seconds * 1000));
const timeOf = (seconds) => clock.format(new Date(seconds * 1000));

export function bubble(message, hands) {
  const article = make("article", {
    class: `message ${message.mine ? "mine" : "theirs"}`,
    "data-id": message.id,
    "data-date": message.date,
    id: `message-${message.id}`,
  });
  article.append(bodyOf(message, hands));
  article.classList.toggle("broad", message.buttons.some((row) => row.length > 4));
  if (message.buttons.length) article.append(keyboard(message, hands));
  return article;
}

function bodyOf(message, hands) {
  const body = make("div", { class: "bubble" });
  if (message.file) body.append(fileOf(message.file));
  if (message.contact) {
    const { name, phone } = message.contact;
    const lines = make("span", {}, make("strong", {}, name), make("span", { class: "faint" }, phone));
    body.append(make("div", { class: "attached" }, make("span", { class: "sign" }, icon("person")), lines));
  }
  if (message.text) {
    body.append(make("div", { class: "text" }, rich(message.text, message.entities, hands.send)));
  }
  const when = new Date(message.date * 1000).toISOString();
  const time = make("time", { datetime: when }, timeOf(message.date));
  body.append(make("div", { class: "meta" }, message.edited ? `${words.edited} ` : "", time));
  return body;
}

function fileOf(file) {
  const target = file.opens ? { target: "_blank", rel: "noopener" } : { download: file.name };
  if (file.is_photo) {
    const image = make("img", { src: file.url, alt: `${words.photo}: ${file.name}`, ...sizes(file) });
    return make("a", { class: "photo", href: file.url, ...target }, image);
  }
  const what = file.opens ? words.open : words.download;
  const lines = make(
    "span",
    {},
    make("strong", {}, file.name),
    make("span", { class: "faint" }, `${sizeOf(file.size)} · ${what}`),
  );
  return make("a", { class: "attached", href: file.url, ...target }, make("span", { class: "sign" }, icon("file")), lines);
}

// Room is kept before the picture arrives, so that the conversation does not jump.
function sizes({ width, height }) {
  return width > 1 ? { width, height } : {};
}

function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function keyboard(message, hands) {
  const rows = message.buttons.map((row) =>
    make("div", { class: `row n${row.length}` }, ...row.map((button) => inlineButton(message, button, hands))),
  );
  return make("div", { class: "inline" }, ...rows);
}

function inlineButton(message, button, hands) {
  if (button.url) {
    const link = make("a", { href: button.url, target: "_blank", rel: "noopener", title: words.opens_new_tab });
    link.append(make("span", {}, button.text), icon("out"));
    return link;
  }
  const onclick = async (event) => {
    if (button.copy) {
      await navigator.clipboard.writeText(button.copy);
      hands.notice(words.copied);
    } else if (button.data) {
      await hands.tap(event.currentTarget, message.id, button.data);
    }
  };
  return make("button", { type: "button", onclick, "data-callback": button.data }, make("span", {}, button.text));
}

export function separator(seconds) {
  return make("div", { class: "day", "data-day": dayOf(seconds), role: "separator" }, make("span", {}, dayWords(seconds)));
}
