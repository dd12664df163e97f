// grammY with better-sqlite3: prepared statements in one transaction, and the runner that grammY recommends.
import { createServer } from "node:http";
import { run, sequentialize } from "@grammyjs/runner";
import Database from "better-sqlite3";
import { Bot, InlineKeyboard, webhookCallback } from "grammy";

const { BENCH_API, BENCH_TOKEN, BENCH_DB, BENCH_SYNC = "FULL", BENCH_MODE, BENCH_PORT, BENCH_CONCURRENT } = process.env;
const PER_ROW = 3;

const db = new Database(BENCH_DB);
db.pragma("journal_mode = WAL");
db.pragma(`synchronous = ${BENCH_SYNC}`);
const findPerson = db.prepare(
  "SELECT p.id, p.name FROM person p JOIN contact c ON c.person_id = p.id WHERE c.channel = 'telegram' AND c.chat_id = ?",
);
const findDuty = db.prepare(
  "SELECT id FROM staff_role WHERE person_id = ? AND role = 'homeroom' AND school_class_id = ?",
);
const findChildren = db.prepare("SELECT * FROM bench_presence WHERE class_id = ? ORDER BY child_id");
const setPresent = db.prepare("UPDATE bench_presence SET present = ? WHERE child_id = ?");
const addEvent = db.prepare(
  "INSERT INTO event (at, actor_id, actor_name, action, subject, subject_id, remark, data)" +
    " VALUES (?, ?, ?, 'bench_presence', 'student', ?, '', ?)",
);

const flip = db.transaction((chatId, classId, childId) => {
  const person = findPerson.get(chatId);
  if (!person || !findDuty.get(person.id, classId)) throw new Error("not your class");
  const children = findChildren.all(classId);
  const child = children.find((one) => one.child_id === childId);
  child.present = 1 - child.present;
  setPresent.run(child.present, childId);
  addEvent.run(
    new Date().toISOString(), person.id, person.name, childId, JSON.stringify({ present: child.present === 1 }),
  );
  return children;
});

const bot = new Bot(BENCH_TOKEN, { client: { apiRoot: BENCH_API } });
if (BENCH_CONCURRENT === "1") bot.use(sequentialize((ctx) => String(ctx.chat?.id)));
bot.callbackQuery(/^bp:/, async (ctx) => {
  const [, classId, childId] = ctx.callbackQuery.data.split(":").map(Number);
  const children = flip.immediate(ctx.from.id, classId, childId);
  const keyboard = new InlineKeyboard();
  children.forEach((child, at) => {
    if (at > 0 && at % PER_ROW === 0) keyboard.row();
    keyboard.text(`${child.present ? "✓" : "○"} ${child.name}`, `bp:${classId}:${child.child_id}`);
  });
  await ctx.answerCallbackQuery(children.find((child) => child.child_id === childId).name);
  await ctx.editMessageText(`Class ${classId}`, { reply_markup: keyboard });
});
bot.catch((error) => console.error(String(error.error)));

await bot.init();
if (BENCH_MODE === "webhook") {
  const url = `http://127.0.0.1:${BENCH_PORT}/hook`;
  // By webhook grammY leaves errors to the web framework, and bot.catch hears of none: an error that nobody catches ends
  // node. After ten seconds it would throw as well; the update is in hand, and sent again it would be handled twice.
  const handle = webhookCallback(bot, "http", { secretToken: "bench", onTimeout: "return" });
  const server = createServer((request, response) =>
    handle(request, response).catch((error) => {
      console.error(String(error));
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }),
  );
  server.listen(Number(BENCH_PORT), "127.0.0.1");
  await bot.api.setWebhook(url, { secret_token: "bench", max_connections: 100 });
} else if (BENCH_CONCURRENT === "1") {
  run(bot);
} else {
  bot.start();
}
console.log("ready");
process.on("SIGTERM", () => process.exit(0));
