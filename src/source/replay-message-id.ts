import { hash } from "node:crypto";

/** What a replay makes is a copy: no other replay, and no second start of this one, takes it for an event to be sent again. */
const copyPrefix = "bw-replay-";

/** Short whatever the ids are: an id of more than 100 characters is replaced on arrival, and would not be known for a copy. */
export function replayMessageId(replayId: string, messageId: string): string {
  return copyPrefix + hash("sha256", JSON.stringify([replayId, messageId])).slice(0, 40);
}

export function isReplayed(messageId: string): boolean {
  return messageId.startsWith(copyPrefix);
}
