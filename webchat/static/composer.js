// Where a person writes: text, commands, files, the reply keyboard, and the buttons that stand in for it.

import { byId, make, popup } from "./dom.js";
import { page, post, words } from "./net.js";

export class Composer {
  constructor(hands) {
    this.hands = hands;
    this.form = byId("composer");
    this.text = byId("text");
    this.keyboard = byId("keyboard");
    this.toggle = byId("toggle-keyboard");
    this.openCommands = byId("open-commands");
    this.menu = byId("commands");
    this.commands = [];
    this.hidden = false;
    this.showMenu = popup(this.openCommands, this.menu, () => this.list(""));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("input", () => this.typed());
    this.toggle.addEventListener("click", () => {
      this.hidden = !this.hidden;
      this.show();
    });
    byId("upload")?.addEventListener("change", (event) => this.upload(event.target));
    byId("start").addEventListener("click", () => this.start());
    byId("unblock").addEventListener("click", () => hands.deed("block", { blocked: false }));
  }

  // What the conversation is like now: started, blocked, its keyboard and its commands.
  set(state) {
    Object.assign(this, state);
    const start = byId("start");
    start.hidden = this.blocked || (this.started && !this.linked);
    start.textContent = this.payload ? words.start_slip : words.start;
    byId("unblock").hidden = !this.blocked;
    this.form.hidden = this.blocked || !start.hidden;
    this.openCommands.hidden = this.commands.length === 0;
    if (!this.keyboard_now) this.hidden = false;
    this.show();
  }

  async start() {
    const text = this.payload ? `/start ${this.payload}` : "/start";
    const done = await this.hands.deed("send", { text });
    if (done.ok) {
      this.linked = false;
      this.set({ started: true, payload: null });
    }
  }

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.menu.hidden) {
      this.text.blur();
    } else if (event.key === "ArrowDown" && !this.menu.hidden) {
      event.preventDefault();
      this.menu.querySelector("button")?.focus();
    }
  }

  typed() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 168)}px`;
    const typed = this.text.value.match(/^\/(\w*)$/);
    if (typed && this.commands.length && this.list(typed[1])) this.showMenu(true);
    else this.showMenu(false);
  }

  list(typed) {
    const fitting = this.commands.filter((c) => c.command.startsWith(typed.toLowerCase()));
    this.menu.replaceChildren(
      ...fitting.map((c) => {
        const send = () => {
          this.clear();
          this.hands.send(`/${c.command}`);
        };
        const label = [make("span", { class: "what" }, c.description), make("span", { class: "faint" }, `/${c.command}`)];
        return make("button", { type: "button", role: "menuitem", onclick: send }, ...label);
      }),
    );
    return fitting.length > 0;
  }

  async submit() {
    const text = this.text.value;
    if (!text.trim()) return;
    this.clear();
    const done = await this.hands.send(text);
    if (done.ok) return;
    this.text.value = this.text.value ? `${text}\n${this.text.value}` : text; // what was typed meanwhile stays, too
    this.typed();
  }

  clear() {
    this.text.value = "";
    this.typed();
    this.text.focus();
  }

  async upload(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (file.size > 1.99e6) return this.hands.notice(words.too_big);
    const form = new FormData();
    form.append("file", file);
    await this.hands.deed("upload", form);
  }

  show() {
    const rows = this.keyboard_now?.keyboard ?? [];
    this.text.placeholder = this.keyboard_now?.input_field_placeholder ?? this.text.dataset.usual;
    this.toggle.hidden = rows.length === 0;
    this.toggle.setAttribute("aria-expanded", String(!this.hidden));
    this.toggle.setAttribute("aria-label", this.hidden ? words.keyboard_show : words.keyboard_hide);
    this.keyboard.hidden = rows.length === 0 || this.hidden || this.form.hidden;
    const key = JSON.stringify(rows);
    if (key === this.drawn) return;
    this.drawn = key;
    this.keyboard.replaceChildren(...rows.map((row) => make("div", { class: "row" }, ...row.map((b) => this.button(b)))));
  }

  button(button) {
    const press = () => (button.request_contact ? this.sharePhone() : this.hands.send(button.text));
    return make("button", { type: "button", onclick: press }, button.text);
  }

  sharePhone() {
    if (page.mode === "real") return this.hands.alert(words.phone_real);
    const dialog = byId("phone");
    dialog.returnValue = "";
    dialog.onclose = async () => {
      if (dialog.returnValue !== "yes") return;
      const done = await post(`/chat/${page.user}/contact`, {});
      if (!done.ok) this.hands.notice(done.status === 409 ? words.phone_none : done.complaint);
    };
    dialog.showModal();
  }
}
