import { signSegmentPayload } from "../segment/signature.js";
import { type CliIo, exitCodes, UsageError } from "./cli-io.js";
import { writeJson } from "./command.js";
import { readJson } from "./read-json.js";

export interface SendFlags {
  readonly url: string;
  readonly secret?: string;
  readonly header?: readonly string[];
  readonly json?: boolean;
}

const timeoutMs = 30_000;

/** Signs a payload as Segment's webhook does, and posts it. */
export async function sendCommand(io: CliIo, file: string, flags: SendFlags): Promise<number> {
  const payload = await readJson(file, io);
  const body = JSON.stringify(payload);
  const secret = flags.secret ?? io.env["BELLWIRE_SECRET"];
  const headers = { "content-type": "application/json", ...toHeaders(flags.header ?? []) };
  const signature = secret === undefined || secret === "" ? {} : { "x-signature": signSegmentPayload(body, secret) };
  const startedAt = performance.now();
  const response = await post(flags.url, { ...headers, ...signature }, body, io.signal);
  const text = await response.text();
  const durationMs = Math.round(performance.now() - startedAt);
  if (flags.json === true) writeJson(io, { status: response.status, durationMs, body: parsed(text) });
  else io.write(`${response.status} ${response.statusText}  ${durationMs} ms\n${text}\n`);
  return response.ok ? exitCodes.ok : exitCodes.bad;
}

function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  aborted: AbortSignal,
): Promise<Response> {
  if (!URL.canParse(url)) throw new UsageError(`--url ${url}: is not a URL.`);
  const signal = AbortSignal.any([aborted, AbortSignal.timeout(timeoutMs)]);
  return fetch(url, { method: "POST", headers, body, signal }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`${url} could not be reached: ${cause}`);
  });
}

function toHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      if (colon < 1) throw new UsageError(`--header ${line}: has no name; write it as "name: value".`);
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
