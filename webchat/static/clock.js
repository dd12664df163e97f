// The school's time, and the panel that moves it ahead.

import { byId } from "./dom.js";
import { get, page, post, say } from "./net.js";

const locale = page.language === "en" ? "en-GB" : "zh-CN";
const zone = { timeZone: page.zone, hour12: false, hour: "2-digit", minute: "2-digit" };
const hour = new Intl.DateTimeFormat(locale, zone);
const weekday = new Intl.DateTimeFormat(locale, { timeZone: page.zone, weekday: "short" });
const long = new Intl.DateTimeFormat(locale, { ...zone, weekday: "long", year: "numeric", month: "long", day: "numeric" });
const near = new Intl.DateTimeFormat(locale, { ...zone, month: "numeric", day: "numeric" });

export class Clock {
  constructor(notice) {
    this.notice = notice;
    this.dialog = byId("clock");
    this.complaint = byId("clock-complaint");
    for (const button of document.querySelectorAll('[data-open="clock"]')) {
      button.addEventListener("click", () => this.open());
    }
    for (const button of this.dialog.querySelectorAll("[data-jump]")) {
      button.addEventListener("click", () => this.jump(JSON.parse(button.dataset.jump)));
    }
    this.dialog.querySelector("[data-close]").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    byId("clock-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.jump({ to: byId("clock-to").value });
    });
    setInterval(() => document.hidden || this.load(), 10_000);
  }

  async open() {
    await this.load();
    byId("clock-to").value = this.typed;
    this.complaint.textContent = "";
    this.dialog.showModal();
  }

  async load() {
    try {
      this.show(await get("/chat/clock.json"));
    } catch {
      // The next round will tell.
    }
  }

  show({ now, typed, school_day }) {
    this.typed = typed;
    const short = `${weekday.format(now * 1000)} ${hour.format(now * 1000)}`;
    for (const place of document.querySelectorAll("[data-clock]")) place.textContent = short;
    this.dialog.querySelector("[data-clock-long]").textContent = long.format(now * 1000);
    this.dialog.querySelector("[data-school-day]").textContent = near.format(school_day * 1000);
  }

  async jump(wish) {
    this.dialog.setAttribute("aria-busy", "true");
    const done = await post("/chat/clock", wish);
    this.dialog.removeAttribute("aria-busy");
    this.complaint.textContent = done.ok ? "" : (done.said ?? done.complaint);
    if (!done.ok) return;
    this.show(done);
    this.dialog.close();
    this.notice(say("jumped", { time: long.format(done.now * 1000) }));
  }
}
