import { context, propagation, SpanKind } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createSegmentSource, defineTrigger, functionRunner, memoryStorage, runnerError } from "bellwire";
import {
  bullmqIngest,
  bullmqRunner,
  createIngestProcessor,
  createRunProcessor,
  type IngestJobData,
  type RunJobData,
} from "bellwire/bullmq";
import { segmentWebhook } from "bellwire/fetch";
import { openTelemetry } from "bellwire/opentelemetry";
import { identify, track } from "bellwire/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Backend, backends } from "../support/bullmq-backends.js";

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
const meterProvider = new MeterProvider({ readers: [reader] });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
beforeEach(() => exporter.reset());
afterAll(async () => {
  context.disable();
  propagation.disable();
  await meterProvider.shutdown();
});

const telemetry = openTelemetry({ tracerProvider, meterProvider });
const tracer = tracerProvider.getTracer("host");
const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const signUp = [identify("ada", {}), track("Signed Up", {}, { userId: "ada", messageId: "m-ada" })];

/** Each span with the one it belongs to, from the first on. */
const tree = () => {
  const spans = exporter.getFinishedSpans();
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return spans.map((span) => [names.get(span.parentSpanContext?.spanId ?? "") ?? null, span.name] as const);
};

describe("spans", () => {
  it("of a payload and of its runs belong to the request they came with", async () => {
    const source = telemetry.source(
      createSegmentSource({
        storage: memoryStorage(),
        runner: telemetry.runner(functionRunner(() => ({ workflowRunId: "run-1" }))),
        triggers: [welcome],
      }),
    );
    await tracer.startActiveSpan("POST /webhooks/segment", async (span) => {
      await source.handleSegmentPayload(signUp);
      span.end();
    });
    expect(tree()).toEqual([
      ["process segment", "send welcome"],
      ["POST /webhooks/segment", "process segment"],
      [null, "POST /webhooks/segment"],
    ]);
    const [send, process] = exporter.getFinishedSpans();
    expect(send?.kind).toBe(SpanKind.PRODUCER);
    expect(send?.attributes).toMatchObject({
      "messaging.operation.type": "send",
      "messaging.destination.name": "welcome",
      "messaging.message.id": "run-1",
      "bellwire.attempt": 1,
    });
    expect(process?.attributes).toMatchObject({
      "messaging.operation.type": "process",
      "messaging.batch.message_count": 2,
    });
    expect(JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes))).not.toContain("@");
  });

  it("of a run that failed say how", async () => {
    const failing = functionRunner(() => {
      throw runnerError("retryable", "the engine is busy");
    });
    const runner = telemetry.runner(failing);
    const source = telemetry.source(createSegmentSource({ storage: memoryStorage(), runner, triggers: [welcome] }));
    await source.handleSegmentPayload(signUp);
    const send = exporter.getFinishedSpans().find(({ name }) => name === "send welcome");
    expect(send?.status).toMatchObject({ message: "the engine is busy" });
    expect(send?.attributes["error.type"]).toBe("RUNNER_RETRYABLE");
  });

  it("a runner that is a class keeps all its methods", async () => {
    class Engine {
      readonly capabilities = { maxRecipients: null, idempotencyWindowMs: null };
      readonly forgotten: string[] = [];
      capabilitiesOf() {
        return { maxRecipients: 7, idempotencyWindowMs: null };
      }
      async trigger() {
        return { workflowRunId: "run-1" };
      }
      async forget({ userIds }: { readonly userIds: readonly string[] }) {
        this.forgotten.push(...userIds);
      }
    }
    const engine = new Engine();
    const runner = telemetry.runner(engine);
    expect(runner.capabilitiesOf?.("welcome").maxRecipients).toBe(7);
    await createSegmentSource({ storage: memoryStorage(), runner }).users.delete("ada");
    expect(engine.forgotten).toEqual(["ada"]);
  });

  it("a payload that is none fails its span, and the caller", async () => {
    const runner = functionRunner({});
    const source = telemetry.source(createSegmentSource({ storage: memoryStorage(), runner, triggers: [] }));
    await expect(source.handleSegmentPayload("nonsense")).rejects.toMatchObject({ code: "PAYLOAD_NOT_JSON" });
    expect(exporter.getFinishedSpans()[0]?.attributes["error.type"]).toBe("PAYLOAD_NOT_JSON");
  });
});

it("metrics count events and attempts, and measure durations and lag", async () => {
  const source = telemetry.source(
    createSegmentSource({
      key: "measured",
      storage: memoryStorage(),
      runner: functionRunner(() => undefined),
      triggers: [welcome],
    }),
  );
  await source.handleSegmentPayload([
    ...signUp,
    track("Unheard", {}, { timestamp: new Date(Date.now() - 60_000).toISOString() }),
  ]);
  await reader.forceFlush();
  const points = metricExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics)
    .flatMap(({ descriptor, dataPoints }) => dataPoints.map((point) => ({ name: descriptor.name, ...point })))
    .filter(({ attributes }) => attributes["source"] === "measured");
  const of = (name: string) =>
    points.filter((point) => point.name === name).map(({ attributes, value }) => [attributes, value]);
  expect(of("bellwire.events")).toEqual([
    [{ source: "measured", environment: "default", status: "processed", type: "identify" }, 1],
    [{ source: "measured", environment: "default", status: "processed", type: "track" }, 1],
    [
      { source: "measured", environment: "default", status: "ignored", type: "track", reason: "no_matching_trigger" },
      1,
    ],
  ]);
  expect(of("bellwire.runs")).toMatchObject([[{ workflow: "welcome", status: "triggered" }, 1]]);
  expect(of("bellwire.run.duration")).toMatchObject([[{ trigger: "welcome" }, { count: 1 }]]);
  const [lag] = of("bellwire.event.lag");
  expect(lag?.[1]).toMatchObject({ count: 3, max: expect.closeTo(60, 0) });
});

for (const [name, available, start] of backends) {
  describe.skipIf(!available)(
    `across BullMQ on ${name}${available ? "" : " (this machine has no redis-server)"}`,
    () => {
      let backend: Backend;
      beforeAll(async () => {
        backend = await start();
      });
      afterAll(() => backend.stop());

      it("one trace leads from the webhook through queue, worker and queue to the function", async () => {
        const ingest = backend.queue<IngestJobData>("ingest");
        const runs = backend.queue<RunJobData>("runs");
        const { carrier: trace } = telemetry;
        const runner = telemetry.runner(bullmqRunner({ queue: runs, trace }));
        const environments = { production: { authentication: "none" as const } };
        const inner = createSegmentSource({ environments, storage: memoryStorage(), runner, triggers: [welcome] });
        const source = telemetry.source(inner);
        const post = segmentWebhook(bullmqIngest(inner, { queue: ingest, trace }));
        const notified: string[] = [];
        const worker = telemetry.runner(functionRunner((run) => void notified.push(run.workflow)));
        const workers = [
          backend.worker<IngestJobData>("ingest", createIngestProcessor(source, { trace })),
          backend.worker<RunJobData>("runs", createRunProcessor(worker, { trace })),
        ];
        await tracer.startActiveSpan("POST /webhooks/segment", async (span) => {
          const url = "http://127.0.0.1/webhooks/segment/production";
          const answer = await post(new Request(url, { method: "POST", body: JSON.stringify(signUp) }));
          expect(answer.status).toBe(200);
          span.end();
        });
        await expect.poll(() => exporter.getFinishedSpans().length, { timeout: 10_000 }).toBe(4);
        expect(notified).toEqual(["welcome"]);
        expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(1);
        expect([...tree()].sort()).toEqual(
          [
            [null, "POST /webhooks/segment"],
            ["POST /webhooks/segment", "process segment"],
            ["process segment", "send batch"],
            ["send batch", "send welcome"],
          ].sort(),
        );
        for (const each of workers) await each.close();
        await ingest.close();
        await runs.close();
      });
    },
  );
}
