import {
  createSegmentSource,
  defineTrigger,
  functionRunner,
  type JsonValue,
  type Storage,
  type WorkflowFunction,
} from "bellwire";

/** The part of a consumer of kafkajs, or of `KafkaJS.Kafka` of `@confluentinc/kafka-javascript`, that is used. */
export interface KafkaConsumer {
  connect(): Promise<void>;
  subscribe(subscription: { topic: string; fromBeginning?: boolean }): Promise<void>;
  run(config: { eachBatchAutoResolve: boolean; eachBatch: (payload: KafkaBatch) => Promise<void> }): Promise<void>;
  disconnect(): Promise<void>;
}

export interface KafkaBatch {
  readonly batch: { readonly messages: readonly { readonly offset: string; readonly value: Buffer | null }[] };
  resolveOffset(offset: string): void;
  heartbeat(): Promise<void>;
  isRunning(): boolean;
  isStale(): boolean;
}

export interface Deps {
  readonly consumer: KafkaConsumer;
  /** A topic with one Segment event in each message. */
  readonly topic: string;
  readonly storage: Storage;
  readonly sendWelcome: WorkflowFunction;
}

/** Events a payload: a batch of Kafka's may hold thousands. */
const chunkSize = 500;

/** Segment events that come through Kafka instead of a webhook: an offset is committed once its event is recorded. */
export async function start({ consumer, topic, storage, sendWelcome }: Deps) {
  const source = createSegmentSource({
    storage,
    runner: functionRunner({ welcome: sendWelcome }),
    unidentified: "create",
    triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
  });

  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
      for (let from = 0; from < batch.messages.length && isRunning() && !isStale(); from += chunkSize) {
        const messages = batch.messages.slice(from, from + chunkSize);
        const { retryable } = await source.handleSegmentPayload(messages.map(({ value }) => parse(value)));
        // The consumer backs off and delivers the batch again; what is finished by then counts as a duplicate.
        if (retryable) throw new Error("Not everything could be dispatched.");
        resolveOffset(messages.at(-1)?.offset ?? "");
        await heartbeat();
      }
    },
  });
  return {
    source,
    close: async () => {
      await consumer.disconnect();
      await source.close();
    },
  };
}

/** What is not JSON goes on as text, and ends as an `invalid` outcome instead of stopping the partition. */
function parse(value: Buffer | null): JsonValue {
  const text = value?.toString("utf8") ?? "";
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
