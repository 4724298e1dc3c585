import { createSegmentSource, defineTrigger, functionRunner, memoryStorage, type WorkflowFunction } from "bellwire";
import { segmentWebhook } from "bellwire/fetch";

export interface Deps {
  readonly sharedSecret: string;
  readonly sendReceipt: WorkflowFunction;
}

/**
 * A `Request` → `Response` function, as Next route handlers, Bun.serve, Deno.serve and Hono take it. In Next:
 * `export const POST = start({ … }).fetch` in `app/webhooks/segment/[environment]/route.ts`.
 */
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
  return { source, fetch: segmentWebhook(source), close: () => source.close() };
}
