import { fromStoredText } from "./stored-text.js";

/** A row as any driver returns it; read through the functions below, because drivers differ in what a number becomes. */
export type Row = Readonly<Record<string, unknown>>;

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null;
}

export function textOf(row: Row, column: string): string {
  return String(row[column]);
}

export function textOrNull(row: Row, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : String(value);
}

/** Text that was stored with `toStoredText`. */
export function decodedOf(row: Row, column: string): string {
  return fromStoredText(textOf(row, column));
}

export function decodedOrNull(row: Row, column: string): string | null {
  const stored = textOrNull(row, column);
  return stored === null ? null : fromStoredText(stored);
}

/** As PostgreSQL and SQLite say it. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 1;
}

export function numberOf(row: Row, column: string): number {
  return Number(row[column]);
}

export function numberOrNull(row: Row, column: string): number | null {
  const value = row[column];
  return value === null || value === undefined ? null : Number(value);
}

export function dateOrNull(row: Row, column: string): Date | null {
  const time = numberOrNull(row, column);
  return time === null ? null : new Date(time);
}
