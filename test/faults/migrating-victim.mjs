// A process that migrates a SQLite file statement by statement and kills itself after one of them.
import Database from "libsql";
import { sqliteStorage } from "../../dist/sqlite.js";

const [path, killAfter] = [process.argv[2], Number(process.argv[3])];
const database = new Database(path);
let executed = 0;
const step = (sql) => {
  database.exec(sql);
  executed += 1;
  if (executed === killAfter) process.kill(process.pid, "SIGKILL");
};
const storage = sqliteStorage({
  database: {
    prepare: (sql) => database.prepare(sql),
    exec: (sql) => {
      for (const statement of sql.split(";")) if (statement.trim() !== "") step(statement);
    },
  },
});
await storage.migrate();
console.log(executed);
