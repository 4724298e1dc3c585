import * as z from "zod/mini";
import { lazily } from "../core/lazily.js";
import { nearestOf } from "../mapping/similarity.js";

/** In the small form of zod, which makes a bundle half as large: with every message our own it needs no more. */
const triggerShape = lazily(() => {
  const textError = { error: "expected a text of 1 to 256 characters" };
  const text = z.string(textError).check(z.minLength(1, textError), z.maxLength(256, textError));
  const anything = z.optional(z.unknown());
  const duration = z.union([z.string(), z.number()], {
    error: 'expected a duration such as "1h", or milliseconds',
  });
  const flag = z.optional(z.boolean({ error: "expected true or false" }));
  const onExpiry = z.enum(["skip", "create"]);
  return z.strictObject(
    {
      key: text,
      workflow: text,
      typedWorkflow: anything,
      event: z.unknown(),
      action: z.optional(z.enum(["trigger", "cancel"], { error: 'expected "trigger" or "cancel"' })),
      recipients: anything,
      actor: anything,
      tenant: anything,
      data: anything,
      cancellationKey: anything,
      when: anything,
      maxEventAge: z.optional(duration),
      excludeActor: flag,
      expand: flag,
      unidentified: z.optional(
        z.union([onExpiry, z.strictObject({ hold: duration, then: onExpiry })], {
          error: 'expected "skip", "create" or { hold: "15m", then: "skip" }',
        }),
      ),
      active: z.optional(
        z.union([z.boolean(), z.record(z.string(), z.boolean())], {
          error: "expected true or false, or one of them for each environment",
        }),
      ),
    },
    { error: ({ code }) => (code === "invalid_type" ? "expected the definition of a trigger" : undefined) },
  );
});

/** What is wrong with the form of a trigger's definition, or `null`. Its fields are checked where they are compiled. */
export function findProblem(definition: unknown): string | null {
  const checked = z.safeParse(triggerShape(), definition);
  return checked.success ? null : describeIssue(checked.error);
}

/** The same of `unidentified`, which a source has too. */
export function findUnidentifiedProblem(unidentified: unknown): string | null {
  const checked = z.safeParse(triggerShape().shape.unidentified, unidentified);
  return checked.success ? null : describeIssue(checked.error);
}

function describeIssue({ issues: [issue] }: z.core.$ZodError): string {
  if (issue?.code === "unrecognized_keys") {
    const [unknown = ""] = issue.keys;
    const fields = Object.keys(triggerShape().shape);
    const nearest = nearestOf(unknown, fields);
    const hint = nearest === null ? "" : ` Did you mean ${nearest}?`;
    return `${unknown}: is not a field of a trigger.${hint} There are: ${fields.join(", ")}.`;
  }
  const at = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  return `${at}${issue?.message ?? "is not valid"}.`;
}
