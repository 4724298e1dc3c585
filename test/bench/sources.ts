import {
  createSegmentSource,
  createWebhookHandler,
  defineTrigger,
  functionRunner,
  memoryStorage,
  type WebhookRequest,
} from "bellwire";
import { type SignedBody, secret } from "./events.js";
import { createGlue, type GlueTrigger } from "./glue.js";

/** Whom every event of the benchmark mentions. */
export const users = ["ada", "grace", "alan"];

export const dataPaths = {
  title: "properties.title",
  document: "properties.document.name",
  url: "properties.document.url",
};

/** The `index`-th of the triggers on "Comment Created". */
export function triggerOn(event: string, index: number) {
  return defineTrigger({
    key: `comment-${index}`,
    event,
    workflow: `new-comment-${index}`,
    recipients: "properties.mentioned",
    actor: "properties.commenter.id",
    tenant: "context.groupId",
    data: dataPaths,
    when: { path: "properties.private", operator: "not_equal_to", value: true },
  });
}

export function glueTriggerOn(event: string, index: number): GlueTrigger {
  return {
    event,
    workflow: `new-comment-${index}`,
    recipients: "properties.mentioned",
    actor: "properties.commenter.id",
    tenant: "context.groupId",
    data: dataPaths,
    when: ({ private: isPrivate }) => isPrivate !== true,
  };
}

const list = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));

/** A source of our own on memory, with the users known, behind its webhook. */
export async function createOurs(triggers: readonly ReturnType<typeof triggerOn>[], known: readonly string[] = users) {
  const source = createSegmentSource({
    environments: { production: { sharedSecrets: [secret], webhookToken: "token" } },
    storage: memoryStorage(),
    runner: functionRunner(() => undefined),
    triggers,
  });
  await source.handleSegmentPayload(
    known.map((userId) => ({ type: "identify", userId, messageId: `i-${userId}`, traits: {} })),
  );
  const webhook = createWebhookHandler(source);
  return async (body: SignedBody) => {
    const { status } = await webhook(new BenchRequest(body));
    if (status !== 200) throw new Error(`answered ${status}`);
  };
}

/** A class, as an adapter's request is: what loads these files would name each function that is made for a request. */
class BenchRequest implements WebhookRequest {
  readonly method = "POST";
  readonly path = "/production/token";
  readonly body: WebhookRequest["body"];
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ bytes, signature }: SignedBody) {
    this.body = { kind: "bytes", bytes };
    this.#headers = { "x-signature": signature, "content-length": String(bytes.byteLength) };
  }

  header(name: string): string | undefined {
    return this.#headers[name];
  }
}

export function createPeer(triggers: readonly GlueTrigger[]) {
  const glue = createGlue({ secret, triggers, users, trigger: async () => undefined });
  return (body: SignedBody) => glue.handle(body);
}

export const fourTriggers = () => list(4, (index) => triggerOn("Comment Created", index));
export const fourGlueTriggers = () => list(4, (index) => glueTriggerOn("Comment Created", index));
