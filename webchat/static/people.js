// The list of invented people: groups, search, and a dot at who got a message.

import { byId, make } from "./dom.js";
import { get, page, say, words } from "./net.js";

const SHOWN = 40;
const GROUPS = ["start_here", "families", "teachers", "school"];

export class People {
  constructor() {
    this.nav = byId("people");
    this.search = byId("search");
    this.open = new Set(JSON.parse(sessionStorage.getItem("open") ?? "[]"));
    this.search.value = sessionStorage.getItem("search") ?? "";
    this.search.addEventListener("input", () => {
      sessionStorage.setItem("search", this.search.value);
      this.draw();
    });
    this.nav.addEventListener("scroll", () => sessionStorage.setItem("scroll", this.nav.scrollTop), { passive: true });
    this.people = [];
  }

  async load() {
    this.people = await get("/chat/people.json");
    this.draw();
    this.nav.removeAttribute("aria-busy");
    this.nav.scrollTop = Number(sessionStorage.getItem("scroll") ?? 0);
  }

  markUnread(id, unread = true) {
    const person = this.people.find((p) => p.id === id);
    if (!person || person.unread === unread) return;
    person.unread = unread;
    for (const link of this.nav.querySelectorAll(`[data-person="${id}"]`)) this.dot(link, unread);
  }

  dot(link, unread) {
    link.querySelector(".dot")?.remove();
    if (unread) link.append(make("span", { class: "dot", role: "img", "aria-label": words.unread }));
  }

  draw() {
    const wish = this.search.value.trim().toLowerCase();
    const fits = (p) => !wish || `${p.name} ${p.about} ${p.phone}`.toLowerCase().includes(wish);
    const found = this.people.filter(fits);
    const sections = GROUPS.map((group) => {
      const members = found.filter((p) => (group === "start_here") === (p.start_here && !wish) && (p.group === group || group === "start_here"));
      return members.length ? this.section(group, members) : null;
    });
    const some = sections.filter(Boolean);
    this.nav.replaceChildren(...(some.length ? some : [make("p", { class: "blank" }, words.nobody)]));
  }

  section(group, members) {
    const all = this.open.has(group);
    const shown = all ? members : members.slice(0, SHOWN);
    const heading = make("h2", {}, words[group], make("span", { class: "count" }, String(members.length)));
    const list = make("ul", {}, ...shown.map((person) => make("li", {}, this.link(person, group === "start_here"))));
    const more = () => {
      this.open.add(group);
      sessionStorage.setItem("open", JSON.stringify([...this.open]));
      this.draw();
    };
    const label = say("show_all", { n: members.length });
    const rest = shown.length < members.length ? make("button", { type: "button", class: "all", onclick: more }, label) : null;
    return make("section", {}, heading, list, rest);
  }

  link(person, first) {
    const isHere = String(person.id) === page.user;
    const link = make(
      "a",
      { href: `/chat/${person.id}`, "data-person": person.id, "aria-current": isHere ? "page" : null },
      make("span", { class: `face tint-${person.id % 6}`, "aria-hidden": "true" }, initial(person)),
      make("span", { class: "who" }, make("strong", {}, person.name), make("span", { class: "faint" }, person.about),
        first && person.why ? make("span", { class: "why" }, person.why) : null),
    );
    this.dot(link, person.unread && !isHere);
    return link;
  }
}

function initial(person) {
  return [...person.name.replace(/[^\p{L}\p{N}]/gu, "")].at(/\p{Script=Han}/u.test(person.name) ? -1 : 0) ?? "·";
}

