// The conversation: puts messages in their place, keeps the view at the bottom only when it was there.

import { bubble, dayOf, separator } from "./bubble.js";
import { byId, make } from "./dom.js";
import { words } from "./net.js";

const NEAR = 60;

export class Log {
  constructor(hands) {
    this.hands = hands;
    this.log = byId("log");
    this.scroller = byId("scroller");
    this.newer = byId("newer");
    this.newer.addEventListener("click", () => this.toBottom(true));
    this.scroller.addEventListener("scroll", () => {
      if (this.isAtBottom()) this.newer.hidden = true;
    });
    const watch = new ResizeObserver(() => this.stuck && this.toBottom());
    watch.observe(this.scroller);
    watch.observe(this.log);
    this.scroller.addEventListener("scroll", () => (this.stuck = this.isAtBottom()), { passive: true });
    this.stuck = true;
  }

  isAtBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  toBottom(smooth = false) {
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    this.newer.hidden = true;
    this.stuck = true;
  }

  // Everything anew, without reading it all out to a screen reader.
  fill(messages) {
    this.log.setAttribute("aria-busy", "true");
    this.log.setAttribute("aria-live", "off");
    const past = this.scroller.scrollTop;
    const wasStuck = this.stuck;
    this.log.replaceChildren();
    for (const message of messages) this.place(message);
    this.blank();
    if (wasStuck) this.toBottom();
    else this.scroller.scrollTop = past;
    requestAnimationFrame(() => {
      this.log.setAttribute("aria-live", "polite");
      this.log.removeAttribute("aria-busy");
    });
  }

  put(message) {
    const wasAtBottom = this.isAtBottom();
    const isNew = this.place(message);
    this.blank();
    if (wasAtBottom && isNew && !message.mine && this.isTall(message.id)) this.toTop(message.id);
    else if (wasAtBottom || message.mine) this.toBottom();
    else if (isNew) this.newer.hidden = false;
  }

  // A long message is read from its beginning.
  isTall(id) {
    return this.find(id).offsetHeight > this.scroller.clientHeight;
  }

  toTop(id) {
    this.stuck = false;
    this.scroller.scrollTop = this.find(id).offsetTop - this.log.offsetTop - 8;
  }

  remove(id) {
    this.find(id)?.remove();
    this.tidy();
    this.blank();
  }

  find(id) {
    return byId(`message-${id}`);
  }

  // True when it was not there before.
  place(message) {
    this.log.querySelector(".blank")?.remove();
    const made = bubble(message, this.hands);
    const old = this.find(message.id);
    if (old) {
      old.replaceWith(made);
      return false;
    }
    const after = [...this.log.querySelectorAll(".message")].reverse().find((m) => Number(m.dataset.id) < message.id);
    if (after) after.after(made);
    else this.log.append(made);
    this.tidy(made);
    return true;
  }

  // Day separators between days, and messages of one side close together.
  tidy(only) {
    const around = only ? [only, only.nextElementSibling].filter((e) => e?.matches(".message")) : null;
    for (const message of around ?? this.log.querySelectorAll(".message")) {
      let before = message.previousElementSibling;
      while (before?.matches(".day")) {
        const day = before;
        before = before.previousElementSibling;
        day.remove();
      }
      const isNewDay = !before || dayOf(before.dataset.date) !== dayOf(message.dataset.date);
      if (isNewDay) message.before(separator(Number(message.dataset.date)));
      const side = message.matches(".mine") ? ".mine" : ".theirs";
      message.classList.toggle("follows", !isNewDay && before.matches(side));
    }
    const last = this.log.lastElementChild;
    if (last?.matches(".day")) last.remove();
  }

  blank() {
    const has = this.log.querySelector(".message");
    this.log.querySelector(".blank")?.remove();
    if (!has) this.log.append(make("p", { class: "blank" }, this.description || words.empty));
  }
}
