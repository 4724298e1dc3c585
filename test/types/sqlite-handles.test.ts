import type { SqliteDatabase } from "bellwire/sqlite";
import type LibsqlDatabase from "libsql";
import { expectTypeOf, it } from "vitest";

/** What the types of better-sqlite3 say; it compiles for minutes where its prebuilt binary is out of reach, so it is not installed. */
interface BetterSqlite3 {
  exec(source: string): this;
  prepare(source: string): {
    run(...parameters: unknown[]): { changes: number; lastInsertRowid: number | bigint };
    all(...parameters: unknown[]): unknown[];
  };
}

/** What the types of node:sqlite say, from Node 22 on. */
interface NodeSqlite {
  exec(sql: string): void;
  prepare(sql: string): {
    run(...parameters: (null | number | bigint | string | Uint8Array)[]): {
      changes: number | bigint;
      lastInsertRowid: number | bigint;
    };
    all(
      ...parameters: (null | number | bigint | string | Uint8Array)[]
    ): Record<string, null | number | bigint | string | Uint8Array>[];
  };
}

it("one structural type fits the handles of libsql, better-sqlite3 and node:sqlite", () => {
  expectTypeOf<InstanceType<typeof LibsqlDatabase>>().toExtend<SqliteDatabase>();
  expectTypeOf<BetterSqlite3>().toExtend<SqliteDatabase>();
  expectTypeOf<NodeSqlite>().toExtend<SqliteDatabase>();
});
