import type { ErrorView } from "../protocol.js";

/** A source and one of its environments: what every screen is about. */
export interface Place {
  readonly source: string;
  readonly environment: string;
}

export type Params = Readonly<Record<string, string | number | null | undefined>>;

/** The console's answer to a request it refused, in words for the person. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const base = document.documentElement.dataset["base"] ?? "";

export function apiUrl(place: Place | null, path: string, params: Params = {}): string {
  const query = new URLSearchParams(place === null ? {} : { source: place.source, environment: place.environment });
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  }
  return `${base}/api/${path}?${query}`;
}

/** @throws {ApiError} */
export async function get<Answer>(
  place: Place | null,
  path: string,
  params?: Params,
  signal?: AbortSignal,
): Promise<Answer> {
  return ask<Answer>(apiUrl(place, path, params), { signal: signal ?? null });
}

/** @throws {ApiError} */
export async function post<Answer>(place: Place, path: string, body: object, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(apiUrl(place, path), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
}

export function signedOut(): ApiError {
  return new ApiError(401, "unauthenticated", "You are not signed in any more. Load the page anew to sign in.");
}

async function ask<Answer>(url: string, init: RequestInit): Promise<Answer> {
  // A host may send who is signed out to its sign-in: as a redirect, or as the page itself.
  const response = await fetch(url, { ...init, redirect: "manual" }).catch(() => {
    throw new ApiError(0, "unreachable", "The server can not be reached just now.");
  });
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  if (response.type === "opaqueredirect" || response.status === 401 || (response.ok && !isJson)) throw signedOut();
  if (response.ok) {
    const answer: Answer = await response.json();
    return answer;
  }
  const refused: Partial<ErrorView> = await response.json().catch(() => ({}));
  const { code = "failed", message = `The server answered ${response.status}.` } = refused.error ?? {};
  throw new ApiError(response.status, code, message);
}
