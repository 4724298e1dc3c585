import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSegmentTimestamp } from "../../src/segment/timestamp.js";

describe("parseSegmentTimestamp", () => {
  it.each<[unknown, string | null]>([
    ["2026-03-01T12:00:00.000Z", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01T12:00Z", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01", "2026-03-01T00:00:00.000Z"],
    ["2026-03-01T12:00:00", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01 12:00:00", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00.000Z"],
    ["2026-03-01T12:00:00-0530", "2026-03-01T17:30:00.000Z"],
    ["2026-03-01T12:00:00,5Z", "2026-03-01T12:00:00.500Z"],
    ["2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.123Z"],
    ["2015-2-02T00:30:08.276Z", "2015-02-02T00:30:08.276Z"],
    ["2020-05-09 23:54:49.209808489 +0000 UTC m=+70366.29", "2020-05-09T23:54:49.209Z"],
    ["2020-05-09 23:54:49.209808489 +0200 UTC", "2020-05-09T21:54:49.209Z"],
    ["2026-01-02 03:04:05.123 +0200 CEST m=+0.001", "2026-01-02T01:04:05.123Z"],
    ["2026-01-02 03:04:05 -0700 PDT", "2026-01-02T10:04:05.000Z"],
    ["2026-01-02 03:04:05 -0330 -0330", "2026-01-02T06:34:05.000Z"],
    ["2026-01-02 03:04:05.5 +0300 +03 m=+1.5", "2026-01-02T00:04:05.500Z"],
    ["2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02 03:04:05.123456+00", "2026-01-02T03:04:05.123Z"],
    ["2026-01-02 03:04:05-07", "2026-01-02T10:04:05.000Z"],
    // A name alone says too little, and an offset after another zone says it differently.
    ["2026-01-02 03:04:05 CEST", null],
    ["2026-01-02 03:04:05 UTC +0200", null],
    ["2026-01-02-07", null],
    [" 2026-03-01T12:00:00Z ", "2026-03-01T12:00:00.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"],
    ["1900-02-29T00:00:00Z", null],
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
    [1_767_225_600, "2026-01-01T00:00:00.000Z"],
    [1_767_225_600_000, "2026-01-01T00:00:00.000Z"],
    ["1767225600", "2026-01-01T00:00:00.000Z"],
    ["1767225600123", "2026-01-01T00:00:00.123Z"],
    ["1767225600.5", "2026-01-01T00:00:00.500Z"],
    ["2023-02-29T00:00:00Z", null],
    ["2023-13-01T00:00:00Z", null],
    ["2023-00-10T00:00:00Z", null],
    ["0001-01-01T00:00:00Z", null],
    ["2023-04-31", null],
    ["2023-04-00", null],
    ["2023-04-01T24:00:00Z", null],
    ["2023-04-01T10:60:00Z", null],
    ["2023-04-01T10:00:61Z", null],
    ["2023-04-01T10:00:00+15:00", null],
    ["2023-04-01T10:00:00+01:75", null],
    ["yesterday", null],
    ["", null],
    ["12", null],
    [0, null],
    [-1, null],
    [1e20, null],
    [Number.NaN, null],
    [null, null],
    [undefined, null],
    [true, null],
    [{}, null],
    [["2026-03-01"], null],
  ])("reads %j as %s", (value, expected) => {
    expect(parseSegmentTimestamp(value)?.toISOString() ?? null).toBe(expected);
  });

  it("reads the usual form as it reads any other", () => {
    const digits = (count: number) =>
      fc.integer({ min: 0, max: 10 ** count - 1 }).map((n) => String(n).padStart(count, "0"));
    const two = digits(2);
    const parts = fc.tuple(fc.oneof(digits(4), fc.constantFrom("2024", "2026")), two, two, two, two, two, digits(3));
    fc.assert(
      fc.property(parts, ([year, month, day, hour, minute, second, milliseconds]) => {
        const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}`;
        expect(parseSegmentTimestamp(`${text}Z`)).toEqual(parseSegmentTimestamp(`${text}+00:00`));
      }),
      { numRuns: 2_000 },
    );
    const moment = fc.date({
      min: new Date("0100-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moment, (date) => {
        expect(parseSegmentTimestamp(date.toISOString())).toEqual(date);
      }),
    );
  });
});
