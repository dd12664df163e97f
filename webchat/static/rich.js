// Text with entities as nodes. Offsets are UTF-16 units, which is what JavaScript strings count in.

import { words } from "./net.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};
const SAFE = /^(https?|tg|mailto|tel):/i;

export function rich(text, entities, onCommand) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return build(text, 0, text.length, sorted, onCommand);
}

function build(text, from, to, entities, onCommand) {
  const fragment = document.createDocumentFragment();
  let at = from;
  let rest = entities.filter((e) => e.offset >= from && e.offset + e.length <= to);
  while (rest.length) {
    const [entity, ...others] = rest;
    const end = entity.offset + entity.length;
    if (entity.offset > at) fragment.append(text.slice(at, entity.offset));
    const inside = others.filter((e) => e.offset < end);
    const element = tagOf(entity, text.slice(entity.offset, end), onCommand);
    element.append(build(text, entity.offset, end, inside, onCommand));
    fragment.append(element);
    at = end;
    rest = others.filter((e) => e.offset >= end);
  }
  if (at < to) fragment.append(text.slice(at, to));
  return fragment;
}

function tagOf(entity, text, onCommand) {
  if (entity.type === "bot_command") {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "command";
    button.addEventListener("click", () => onCommand(text));
    return button;
  }
  if (entity.type === "spoiler") return spoiler();
  if (entity.type === "text_link" || entity.type === "url") {
    const url = entity.url ?? text;
    const link = document.createElement("a");
    if (SAFE.test(url)) Object.assign(link, { href: url, target: "_blank", rel: "noopener noreferrer" });
    return link;
  }
  return document.createElement(TAGS[entity.type] ?? "span");
}

function spoiler() {
  const span = document.createElement("span");
  span.className = "spoiler";
  span.setAttribute("role", "button");
  span.setAttribute("aria-label", words.reveal);
  span.tabIndex = 0;
  const reveal = () => {
    span.classList.add("shown");
    for (const name of ["role", "aria-label", "tabindex"]) span.removeAttribute(name);
  };
  span.addEventListener("click", reveal);
  span.addEventListener("keydown", (event) => event.key === "Enter" && reveal());
  return span;
}
