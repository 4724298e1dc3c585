import assert from "node:assert/strict";
import type { JsonObject } from "../core/json.js";
import type { RunContext, WorkflowRunRequest } from "../runner/runner.js";
import type { User } from "../users/user.js";

/** What is thrown or rejected with. */
export async function rejection(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  return assert.fail("the call was expected to reject");
}

export function runRequest(workflow: string, members: Partial<WorkflowRunRequest> = {}): WorkflowRunRequest {
  return {
    action: "trigger",
    workflow,
    recipients: ["ada", { id: "grace", email: "grace@example.com" }],
    actor: null,
    tenant: null,
    data: { title: "Hello" },
    cancellationKey: null,
    ...members,
  };
}

export function runContext(idempotencyKey: string, members: Partial<RunContext> = {}): RunContext {
  return {
    idempotencyKey,
    attempt: 1,
    signal: new AbortController().signal,
    environment: "test",
    source: "conformance",
    trigger: "conformance",
    messageId: "conformance-1",
    ...members,
  };
}

export function userNamed(id: string, properties: JsonObject = {}): User {
  return {
    id,
    email: `${id}@example.com`,
    phoneNumber: null,
    avatar: null,
    name: null,
    locale: null,
    timezone: null,
    createdAt: null,
    properties,
  };
}

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
