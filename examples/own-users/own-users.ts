import { createHash } from "node:crypto";
import {
  applyUserChange,
  toUser,
  type UserChange,
  type UserRegisters,
  type UserStore,
  type UserUpdate,
} from "bellwire";
import type pg from "pg";

/** What has to be added to a table `users (id, email, full_name, …)` that is there. */
export const migration = `
  ALTER TABLE users ADD COLUMN IF NOT EXISTS said text NOT NULL DEFAULT '{}';
  CREATE TABLE IF NOT EXISTS deleted_users (hash text PRIMARY KEY, deleted_at timestamptz NOT NULL);`;

interface Row {
  readonly id: string;
  readonly email: string | null;
  readonly full_name: string | null;
  /** When each trait was said, as JSON. */
  readonly said: string;
}

export function ownUsers(pool: pg.Pool): UserStore {
  return {
    async find({ ids }) {
      const { rows } = await pool.query<Row>("SELECT * FROM users WHERE id = ANY ($1)", [ids]);
      return rows.map(toKnownUser);
    },
    update: ({ changes }) => inTransaction(pool, (client) => update(client, changes)),
    delete: ({ id, at }) =>
      inTransaction(pool, async (client) => {
        await client.query(
          `INSERT INTO deleted_users AS d VALUES ($1, $2)
           ON CONFLICT (hash) DO UPDATE SET deleted_at = greatest(d.deleted_at, excluded.deleted_at)`,
          [hashOf(id), at],
        );
        const { rowCount } = await client.query("DELETE FROM users WHERE id = $1", [id]);
        return rowCount === 0 ? [] : [id];
      }),
  };
}

/** The table has the last word on what it has columns for: your own code may have written them. */
function toKnownUser({ id, email, full_name, said }: Row) {
  const user = toUser(id, JSON.parse(said));
  return { ...user, email: email ?? user.email, name: full_name ?? user.name };
}

async function update(client: pg.PoolClient, changes: readonly UserChange[]): Promise<readonly UserUpdate[]> {
  const hashes = changes.map(({ id }) => hashOf(id));
  const deleted = await client.query<{ hash: string; deleted_at: Date }>(
    "SELECT hash, deleted_at FROM deleted_users WHERE hash = ANY ($1)",
    [hashes],
  );
  const deletedAt = new Map(deleted.rows.map((row) => [row.hash, row.deleted_at]));
  const isLate = ({ id, at }: UserChange) => at <= (deletedAt.get(hashOf(id)) ?? new Date(Number.NaN));
  // Always in one order, so that two transactions can not wait for each other.
  const ids = [...new Set(changes.filter((change) => !isLate(change)).map(({ id }) => id))].sort();
  const inserted = await client.query<Row>(
    "INSERT INTO users (id) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING id",
    [ids],
  );
  const { rows } = await client.query<Row>("SELECT * FROM users WHERE id = ANY ($1) ORDER BY id FOR UPDATE", [ids]);
  const said = new Map(rows.map((row): [string, UserRegisters] => [row.id, JSON.parse(row.said)]));
  const isNew = new Set(inserted.rows.map(({ id }) => id));
  const results = changes.map((change): UserUpdate => {
    const { id } = change;
    const known = said.get(id);
    if (known === undefined || isLate(change)) return { id, status: "deleted" };
    const updated = applyUserChange(known, change);
    said.set(id, updated);
    if (isNew.delete(id)) return { id, status: "created" };
    return { id, status: updated === known ? "unchanged" : "updated" };
  });
  for (const [id, registers] of said) {
    const { email, name } = toUser(id, registers);
    const values = [id, email, name, JSON.stringify(registers)];
    await client.query(
      "UPDATE users SET email = coalesce($2, email), full_name = coalesce($3, full_name), said = $4 WHERE id = $1",
      values,
    );
  }
  return results;
}

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

async function inTransaction<Value>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Value>): Promise<Value> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const value = await work(client);
    await client.query("COMMIT");
    return value;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}
