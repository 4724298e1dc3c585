import { useEffect, useRef, useState } from "preact/hooks";
import type { TailView } from "../protocol.js";
import { ApiError, apiUrl, get, type Place } from "./api.js";

/**
 * - `polling`: a proxy on the way holds streams back
 * - `offline`: the server can not be reached just now
 * - `refused`: the person is not signed in any more
 */
export type LiveState = "connecting" | "live" | "polling" | "offline" | "refused";

const helloMs = 6_000;
const pollMs = 3_000;

/**
 * Follows the event log from a position on: by server-sent events, which the browser resumes by itself after a break, and by asking
 * every few seconds where no stream comes through.
 *
 * @param after `null` while it is not known from where
 */
export function useLive(place: Place, after: string | null, onTail: (tail: TailView) => void): LiveState {
  const [state, setState] = useState<LiveState>("connecting");
  const handler = useRef(onTail);
  handler.current = onTail;
  const { source, environment } = place;
  useEffect(() => {
    if (after === null) return;
    const here = { source, environment };
    let position = after;
    const take = (tail: TailView) => {
      position = tail.position;
      if (tail.rows.length > 0 || tail.reset) handler.current(tail);
    };
    let stop = () => {};
    const begin = () => {
      stop = follow(here, position, {
        onTail: take,
        onState: setState,
        onSilence: () => {
          stop();
          stop = poll(here, () => position, { onTail: take, onState: setState });
        },
      });
    };
    // A browser has few connections to a host, and tabs that nobody looks at would hold them all.
    const onVisibility = () => {
      stop();
      if (!document.hidden) begin();
    };
    onVisibility();
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      stop();
    };
  }, [source, environment, after]);
  return state;
}

interface Ears {
  readonly onTail: (tail: TailView) => void;
  readonly onState: (state: LiveState) => void;
}

function follow(place: Place, after: string, ears: Ears & { readonly onSilence: () => void }): () => void {
  const stream = new EventSource(apiUrl(place, "stream", { after }));
  const silence = setTimeout(ears.onSilence, helloMs);
  stream.addEventListener("hello", () => {
    clearTimeout(silence);
    ears.onState("live");
  });
  stream.addEventListener("rows", (event) => ears.onTail(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    ears.onState("offline");
    // Closed for good: the answer was no stream. Asking tells why.
    if (stream.readyState === EventSource.CLOSED) ears.onSilence();
  });
  return () => {
    clearTimeout(silence);
    stream.close();
  };
}

function poll(place: Place, position: () => string, ears: Ears): () => void {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout>;
  const ask = async () => {
    try {
      ears.onTail(await get<TailView>(place, "tail", { after: position() }, abort.signal));
      ears.onState("polling");
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error instanceof ApiError && error.status === 401) {
        ears.onState("refused");
        return;
      }
      ears.onState("offline");
    }
    if (!abort.signal.aborted) timer = setTimeout(ask, pollMs);
  };
  void ask();
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}
