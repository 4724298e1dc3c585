import { cpus } from "node:os";
import type { Bench, Measurement } from "./measure.js";

export interface Report {
  readonly node: string;
  readonly machine: string;
  readonly at: string;
  readonly benches: readonly BenchReport[];
}

export interface BenchReport {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly goals: Bench["goals"];
  readonly measurements: readonly Measurement[];
}

export function createReport(benches: readonly BenchReport[]): Report {
  const [cpu] = cpus();
  return {
    node: process.version,
    machine: `${cpus().length} × ${cpu?.model ?? "unknown"}`,
    at: new Date().toISOString(),
    benches,
  };
}

/** One bench for people. */
export function formatBench({ name, title, unit, goals, measurements }: BenchReport): string {
  const rows = measurements.map(({ name: which, role, perOperation, floors, ours, spread }) => {
    const goal =
      role === "us" ? atMost(floors, goals?.floors) : role === "peer" ? atLeast(ours, goals?.peers?.[which]) : "";
    const range = `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`;
    return [
      `  ${which}`,
      `${figure(perOperation)} ${unit}`,
      `${floors.toFixed(2)} floors`,
      range,
      `${ours.toFixed(2)} × ours`,
      goal,
    ];
  });
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  "),
  );
  return [`${name}: ${title}`, ...lines.map((line) => line.trimEnd())].join("\n");
}

/** Whether every goal of a bench was reached. */
export function reachesGoals({ goals, measurements }: BenchReport): boolean {
  return measurements.every(({ name, role, floors, ours }) => {
    if (role === "us") return floors <= (goals?.floors ?? Number.POSITIVE_INFINITY);
    return role === "floor" || ours >= (goals?.peers?.[name] ?? 0);
  });
}

function atMost(value: number, goal: number | undefined): string {
  return goal === undefined ? "" : `${value <= goal ? "✓" : "✗"} at most ${goal}`;
}

function atLeast(value: number, goal: number | undefined): string {
  return goal === undefined ? "" : `${value >= goal ? "✓" : "✗"} at least ${goal} × ours`;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
