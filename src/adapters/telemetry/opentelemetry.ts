import {
  type Attributes,
  context,
  type MeterProvider,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { BellwireError } from "../../core/errors.js";
import { checkOptions, type OptionChecks, object } from "../../mapping/option-checks.js";
import type { PayloadResult } from "../../outcome/outcome.js";
import type { RunContext, WorkflowRun, WorkflowRunner } from "../../runner/runner.js";
import type { SegmentSource } from "../../source/segment-source.js";

export interface OpenTelemetryOptions {
  /** @default the global one */
  readonly tracerProvider?: TracerProvider | undefined;
  /** @default the global one */
  readonly meterProvider?: MeterProvider | undefined;
}

/** Spans and metrics, by the semantic conventions for messaging. */
export interface OpenTelemetry {
  /**
   * The source with a span around every payload, and with counters and histograms: `bellwire.events`, `bellwire.runs`,
   * `bellwire.run.duration` (seconds) and `bellwire.event.lag` (seconds from the event's time to its being handled).
   */
  readonly source: (source: SegmentSource) => SegmentSource;
  /** The runner with a span around every start and every cancel. */
  readonly runner: (runner: WorkflowRunner) => WorkflowRunner;
  /** For `bullmqRunner`, `bullmqIngest` and their processors: the trace goes along with the job. */
  readonly carrier: {
    inject(): Readonly<Record<string, string>>;
    run<Value>(written: Readonly<Record<string, string>>, work: () => Promise<Value>): Promise<Value>;
  };
}

const instrumentationName = "bellwire";

const telemetryChecks: OptionChecks<OpenTelemetryOptions> = { tracerProvider: object, meterProvider: object };

/**
 * Traces from webhook to runner: `telemetry.source(createSegmentSource({ …, runner: telemetry.runner(runner) }))`.
 * @throws `CONFIG_INVALID`
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetry {
  checkOptions(options, telemetryChecks, { at: "openTelemetry: " });
  const { tracerProvider, meterProvider } = options;
  const tracer = (tracerProvider ?? trace).getTracer(instrumentationName);
  const inSpan = <Value>(name: string, kind: SpanKind, attributes: Attributes, work: (span: Span) => Promise<Value>) =>
    tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
      try {
        return await work(span);
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  return {
    source: (source) => {
      count(source, (meterProvider ?? metrics).getMeter(instrumentationName));
      return {
        ...source,
        handleSegmentPayload: (payload, call) =>
          inSpan(
            `process ${source.key}`,
            SpanKind.CONSUMER,
            receiveAttributes(source.key, call?.environment),
            async (span) => {
              const result = await source.handleSegmentPayload(payload, call);
              describeResult(span, result);
              return result;
            },
          ),
      };
    },
    runner: (runner) =>
      traceRunner(runner, (name, attributes, work) => inSpan(name, SpanKind.PRODUCER, attributes, work)),
    carrier: {
      inject: () => {
        const written: Record<string, string> = {};
        propagation.inject(context.active(), written);
        return written;
      },
      run: (written, work) => context.with(propagation.extract(context.active(), written), work),
    },
  };
}

type InSpan = <Value>(name: string, attributes: Attributes, work: (span: Span) => Promise<Value>) => Promise<Value>;

function traceRunner(runner: WorkflowRunner, inSpan: InSpan): WorkflowRunner {
  const { capabilitiesOf, trigger, triggerBatch, cancel, identify, forget } = runner;
  return {
    // One by one: spreading would leave behind the methods of a runner that is a class.
    capabilities: runner.capabilities,
    ...(capabilitiesOf && { capabilitiesOf: (workflow: string) => capabilitiesOf.call(runner, workflow) }),
    trigger: (request, run) =>
      inSpan(`send ${request.workflow}`, sendAttributes(request.workflow, run), async (span) => {
        const started = await trigger.call(runner, request, run);
        if (started?.workflowRunId) span.setAttribute("messaging.message.id", started.workflowRunId);
        return started;
      }),
    ...(triggerBatch && {
      triggerBatch: (runs: readonly WorkflowRun[]) =>
        inSpan("send batch", { ...system, "messaging.batch.message_count": runs.length }, () =>
          triggerBatch.call(runner, runs),
        ),
    }),
    ...(cancel && {
      cancel: (request, run) =>
        inSpan(`cancel ${request.workflow}`, sendAttributes(request.workflow, run), () =>
          cancel.call(runner, request, run),
        ),
    }),
    ...(forget && { forget: (request) => inSpan("forget", system, () => forget.call(runner, request)) }),
    ...(identify && {
      identify: (request) =>
        inSpan("identify", { ...system, "messaging.batch.message_count": request.users.length }, () =>
          identify.call(runner, request),
        ),
    }),
  };
}

const system = { "messaging.system": "bellwire" };

function receiveAttributes(source: string, environment: string | undefined): Attributes {
  return {
    ...system,
    "messaging.operation.type": "process",
    "messaging.destination.name": source,
    ...(environment !== undefined && { "bellwire.environment": environment }),
  };
}

function sendAttributes(workflow: string, run: RunContext): Attributes {
  return {
    ...system,
    "messaging.operation.type": "send",
    "messaging.destination.name": workflow,
    "messaging.message.conversation_id": run.messageId,
    "bellwire.idempotency_key": run.idempotencyKey,
    "bellwire.trigger": run.trigger,
    "bellwire.attempt": run.attempt,
    "bellwire.environment": run.environment,
    "bellwire.source": run.source,
  };
}

function describeResult(span: Span, { events, retryable }: PayloadResult): void {
  span.setAttribute("messaging.batch.message_count", events.length);
  span.setAttribute("bellwire.retryable", retryable);
  if (events.length === 1 && events[0] !== undefined) {
    span.setAttribute("messaging.message.id", events[0].messageId);
    span.setAttribute("bellwire.status", events[0].status);
  }
}

/** Codes and messages of ours hold no personal data; those of a host's function may, and are left out. */
function fail(span: Span, error: unknown): void {
  const type = BellwireError.is(error) ? error.code : error instanceof Error ? error.name : typeof error;
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(BellwireError.is(error) && { message: error.message }) });
}

function count(source: SegmentSource, meter: ReturnType<MeterProvider["getMeter"]>): void {
  const events = meter.createCounter("bellwire.events", { description: "Events handled, by status and reason" });
  const runs = meter.createCounter("bellwire.runs", { description: "Attempts to send a run, by status" });
  const duration = meter.createHistogram("bellwire.run.duration", { unit: "s", description: "Duration of an attempt" });
  const lag = meter.createHistogram("bellwire.event.lag", {
    unit: "s",
    description: "From the event's own time to its being handled",
  });
  source.on("event", ({ environment, outcome, lagMs }) => {
    const { status, reason, type } = outcome;
    events.add(1, { source: source.key, environment, status, ...(type && { type }), ...(reason && { reason }) });
    if (lagMs !== null) lag.record(lagMs / 1_000, { source: source.key, environment });
  });
  source.on("run", ({ environment, workflow, trigger, status, durationMs }) => {
    const attributes = { source: source.key, environment, workflow, trigger, status };
    runs.add(1, attributes);
    duration.record(durationMs / 1_000, attributes);
  });
}
