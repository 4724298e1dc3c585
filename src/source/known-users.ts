import type { EventPlan } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";

const nobody: ReadonlyMap<string, string> = new Map();

/** The known ids among these, each with the id that the user has now; no storage call where none is asked for. */
export function knownUsers(
  context: SourceContext,
  environment: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return Promise.resolve(nobody);
  const { users } = context.options.storage;
  return context.storageCall("users.known", (signal) => users.known({ environment, ids, signal }));
}

/** Who is known of those whom a payload names: as storage says, or as is assumed until `record` says otherwise. */
export interface KnownRecipients {
  /** The id that the user has now; `undefined` for nobody who is known. */
  readonly currentId: (userId: string) => string | undefined;
  /** Whether that is only assumed. */
  readonly isAssumed: (userId: string) => boolean;
  /** Storage did not say otherwise. */
  readonly confirm: () => void;
  /** Storage said otherwise: from here on everybody is who storage says they are. */
  readonly lookUp: () => Promise<void>;
}

export async function knowRecipients(
  context: SourceContext,
  environment: string,
  { ids, plans }: { readonly ids: readonly string[]; readonly plans: readonly EventPlan[] },
): Promise<KnownRecipients> {
  const assumption = ids.length === 0 || plans.some(needsTruth) ? null : context.assumptions.make();
  if (assumption === null) return asStorageSays(await knownUsers(context, environment, ids));
  let isAssuming = true;
  let known: ReadonlyMap<string, string> = new Map(ids.map((id) => [id, id] as const));
  return {
    currentId: (userId) => known.get(userId),
    isAssumed: (userId) => isAssuming && known.has(userId),
    confirm: () => {
      if (isAssuming) assumption.confirm();
    },
    lookUp: async () => {
      assumption.refute();
      known = await knownUsers(context, environment, ids);
      isAssuming = false;
    },
  };
}

function asStorageSays(known: ReadonlyMap<string, string>): KnownRecipients {
  return {
    currentId: (userId) => known.get(userId),
    isAssumed: never,
    confirm: doNothing,
    lookUp: doNothing,
  };
}

const never = () => false;
const doNothing = () => Promise.resolve();

/** A membership is stored under the member's id before anything is recorded, and what asks to forget somebody names nobody. */
function needsTruth({ identity }: EventPlan): boolean {
  return identity?.kind === "delete" || (identity?.kind === "group" && identity.member !== null);
}
