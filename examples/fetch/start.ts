import { createSegmentSource, defineTrigger, functionRunner, memoryStorage, type WorkflowFunction } from "bellwire";
import { segmentWebhook } from "bellwire/fetch";
import { Hono } from "hono";

export interface Deps {
  readonly sharedSecret: string;
  readonly sendReceipt: WorkflowFunction;
}

/** Receipts, behind a Hono app and behind a Next route handler. */
export function start({ sharedSecret, sendReceipt }: Deps) {
  const source = createSegmentSource({
    environments: { production: { sharedSecrets: [sharedSecret] } },
    storage: memoryStorage(),
    runner: functionRunner({ receipt: sendReceipt }),
    triggers: [
      defineTrigger({
        key: "receipt",
        event: "Order Completed",
        workflow: "receipt",
        recipients: (event) => [{ id: String(event.userId), ...(event.context?.traits ?? {}) }],
        data: { total: "properties.total", greeting: { "@template": "Thank you for order {{properties.order_id}}" } },
      }),
    ],
  });
  const webhook = segmentWebhook(source);
  const hono = new Hono().post("/webhooks/segment/:environment", (c) => webhook(c.req.raw, { params: c.req.param() }));
  return {
    source,
    /** For `serve` of @hono/node-server, Bun and Deno. */
    fetch: (request: Request) => Promise.resolve(hono.fetch(request)),
    /** In `app/webhooks/segment/[environment]/route.ts` of a Next app: `export const { POST } = start({ … })`. */
    POST: webhook,
    close: () => source.close(),
  };
}
