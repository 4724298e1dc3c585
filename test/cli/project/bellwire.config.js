import { createSegmentSource, defineTrigger, functionRunner, memoryStorage } from "bellwire";

/** A source of its own for every command, as every process has. */
export default async function source() {
  const made = createSegmentSource({
    storage: memoryStorage(),
    runner: functionRunner((run) => {
      if (run.recipients.includes("grace")) throw new Error("ECONNRESET");
    }),
    triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
  });
  const signUp = { type: "track", event: "Signed Up", properties: { boss: "boss" } };
  const people = Array.from({ length: 12 }, (_, index) => (index === 0 ? "grace" : `user-${index}`));
  await made.handleSegmentPayload([
    ...people.map((userId) => ({ type: "identify", userId, messageId: `i-${userId}` })),
    ...people.map((userId) => ({ ...signUp, userId, messageId: `m-${userId}` })),
    { ...signUp, userId: "nobody", messageId: "m-nobody" },
    { type: "trak", messageId: "m-odd" },
  ]);
  return made;
}

export const close = async () => undefined;
