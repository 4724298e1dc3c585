// The storage of a process that runs the built library, as a user's process would.
export async function openBuiltStorage({ database, schema }) {
  if (database.startsWith("postgres://")) {
    const [{ default: pg }, { postgresStorage }] = await Promise.all([import("pg"), import("../../dist/postgres.js")]);
    return postgresStorage({ pool: new pg.Pool({ connectionString: database, max: 4 }), schema });
  }
  const [{ default: Database }, { sqliteStorage }] = await Promise.all([
    import("libsql"),
    import("../../dist/sqlite.js"),
  ]);
  return sqliteStorage({ database: new Database(database), synchronous: "NORMAL" });
}
