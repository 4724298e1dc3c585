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
import { identify, recordingRunner, runnerConformance, track } from "bellwire/testing";
import type { Queue } from "bullmq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runContext, runRequest } from "../../../src/testing/runner-fixtures.js";
import { type Backend, backends } from "../../support/bullmq-backends.js";

const idOf = (recipient: unknown) =>
  typeof recipient === "string" ? recipient : String(Reflect.get(Object(recipient), "id"));
const signUp = (id: string) => [
  identify(id, { email: `${id}@example.com` }, { messageId: `i-${id}` }),
  track("Signed Up", { plan: "pro" }, { userId: id, messageId: `m-${id}` }),
];
const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });

for (const [name, available, start] of backends) {
  describe.skipIf(!available)(`BullMQ on ${name}${available ? "" : " (this machine has no redis-server)"}`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await start();
    });
    afterAll(() => backend.stop());
    let queues = 0;
    const newName = () => {
      queues += 1;
      return `queue-${queues}`;
    };
    const jobsOf = (queue: Queue) =>
      queue.getJobs(["waiting", "active", "completed", "failed", "delayed"], 0, -1, true);

    const cases = runnerConformance(
      async () => {
        const queue = backend.queue<RunJobData>(newName());
        const failures: Error[] = [];
        const broken = <Answer>(answer: Promise<Answer>): Promise<Answer> => {
          const failure = failures.shift();
          return failure === undefined ? answer : answer.then(() => Promise.reject(failure));
        };
        const jobs = async () => (await jobsOf(queue)).map(({ data }) => data);
        return {
          runner: bullmqRunner({
            queue: {
              add: (...job) => broken(queue.add(...job)),
              addBulk: (all) => broken(queue.addBulk(all)),
            },
          }),
          workflow: "new-comment",
          received: async () =>
            (await jobs()).flatMap(({ request, context }) =>
              request.action === "cancel"
                ? []
                : [
                    {
                      workflow: request.workflow,
                      recipients: request.recipients.map(idOf),
                      idempotencyKey: context.idempotencyKey,
                      data: request.data,
                      text: JSON.stringify(request),
                    },
                  ],
            ),
          canceled: async () => (await jobs()).flatMap(({ request }) => (request.action === "cancel" ? [request] : [])),
          failNext: () => void failures.push(new Error("Connection is closed.")),
          dispose: () => queue.close(),
        };
      },
      { cancels: true, batches: true, takesActor: true, takesTenant: true, faults: ["ambiguous"] },
    );
    for (const { name: title, run } of cases) it(title, run);

    it("a run that is added twice is one job, and worked off once, with the key of the source", async () => {
      const queueName = newName();
      const queue = backend.queue<RunJobData>(queueName);
      const runner = bullmqRunner({ queue });
      const worked = recordingRunner();
      await runner.trigger(runRequest("welcome"), runContext("bw_once"));
      await runner.trigger(runRequest("welcome"), runContext("bw_once", { attempt: 2 }));
      const worker = backend.worker<RunJobData>(queueName, createRunProcessor(worked));
      await expect.poll(() => worked.runs.length, { timeout: 10_000 }).toBe(1);
      await runner.trigger(runRequest("welcome"), runContext("bw_once", { attempt: 3 }));
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(worked.runs.map(({ request, context }) => [request, context.idempotencyKey, context.attempt])).toEqual([
        [runRequest("welcome"), "bw_once", 1],
      ]);
      await worker.close();
      await queue.close();
    });

    it("of runs that are added together one that can not be stored fails alone", async () => {
      const queue = backend.queue<RunJobData>(newName());
      const source = createSegmentSource({
        storage: memoryStorage(),
        runner: bullmqRunner({ queue }),
        triggers: [welcome],
        unidentified: "create",
      });
      const payload = ["fine", "poison \u0000", "fine"].map((title, index) =>
        track("Signed Up", { title }, { userId: `user-${index}`, messageId: `m-${index}` }),
      );
      const { events } = await source.handleSegmentPayload(payload);
      const poison = backend.isPostgres ? "pending" : "triggered";
      expect(events.map(({ triggers }) => triggers[0]?.status)).toEqual(["triggered", poison, "triggered"]);
      expect(await jobsOf(queue)).toHaveLength(backend.isPostgres ? 2 : 3);
      await queue.close();
    });

    it("the worker repeats what failed for now, and gives up at once what failed for good", async () => {
      const queueName = newName();
      const queue = backend.queue<RunJobData>(queueName);
      const runner = bullmqRunner({ queue, attempts: 3, backoffMs: 50 });
      const attempts: string[] = [];
      const worker = backend.worker<RunJobData>(
        queueName,
        createRunProcessor(
          functionRunner({
            flaky: (_, { attempt }) => {
              attempts.push(`flaky ${attempt}`);
              if (attempt === 1) throw runnerError("retryable", "busy");
            },
            broken: (_, { attempt }) => {
              attempts.push(`broken ${attempt}`);
              throw runnerError("permanent", "no such template");
            },
          }),
        ),
      );
      await runner.trigger(runRequest("flaky"), runContext("bw_flaky"));
      await runner.trigger(runRequest("broken"), runContext("bw_broken"));
      await runner.trigger(runRequest("unknown"), runContext("bw_unknown"));
      await expect
        .poll(() => queue.getJobCounts("completed", "failed"), { timeout: 15_000 })
        .toMatchObject({ completed: 1, failed: 2 });
      expect([...attempts].sort()).toEqual(["broken 1", "flaky 1", "flaky 2"]);
      await worker.close();
      await queue.close();
    });

    it("a job that is handed out again, because the backend did not learn that it was done, is not done again", async () => {
      const queueName = newName();
      const queue = backend.queue<RunJobData>(queueName);
      const attempts: string[] = [];
      const process = createRunProcessor(
        functionRunner((_, { idempotencyKey, attempt }) => {
          attempts.push(`${idempotencyKey} ${attempt}`);
          if (idempotencyKey === "bw_flaky" && attempt === 1) throw runnerError("retryable", "busy");
        }),
      );
      await bullmqRunner({ queue }).trigger(runRequest("welcome"), runContext("bw_twice"));
      await bullmqRunner({ queue, backoffMs: 50 }).trigger(runRequest("welcome"), runContext("bw_flaky"));
      let lost = 0;
      const worker = backend.worker<RunJobData>(queueName, async (...job) => {
        const done = await process(...job);
        lost += 1;
        // What a lost connection looks like from here: the work was done, and BullMQ hands the job out once more.
        if (lost <= 2) throw new Error("Connection is closed.");
        return done;
      });
      await expect.poll(() => queue.getJobCounts("completed"), { timeout: 15_000 }).toMatchObject({ completed: 2 });
      expect([...attempts].sort()).toEqual(["bw_flaky 1", "bw_flaky 2", "bw_twice 1"]);
      await worker.close();
      await queue.close();
    });

    it("a process that only receives: authenticates, queues and answers; a worker handles the payload", async () => {
      const [ingestName, runsName] = [newName(), newName()];
      const ingest = backend.queue<IngestJobData>(ingestName);
      const runs = backend.queue<RunJobData>(runsName);
      const storage = memoryStorage();
      const environments = { production: { webhookToken: "token-1" } };
      const options = { storage, environments, triggers: [welcome], runner: bullmqRunner({ queue: runs }) };
      const receiving = bullmqIngest(createSegmentSource(options), { queue: ingest });
      const handling = createSegmentSource(options);
      const post = segmentWebhook(receiving);
      const send = (token: string, body: string | Uint8Array<ArrayBuffer>) =>
        post(new Request(`http://127.0.0.1/webhooks/segment/production/${token}`, { method: "POST", body }));

      expect((await send("wrong", JSON.stringify(signUp("eve")))).status).toBe(401);
      const answer = await send("token-1", JSON.stringify(signUp("ada")));
      expect([answer.status, await answer.json()]).toMatchObject([200, { success: true }]);
      expect(await handling.events.get("m-ada")).toBeNull();

      const notified: string[] = [];
      const workers = [
        backend.worker<IngestJobData>(ingestName, createIngestProcessor(handling)),
        backend.worker<RunJobData>(
          runsName,
          createRunProcessor(functionRunner((run) => void notified.push(...run.recipients.map(idOf)))),
        ),
      ];
      await expect.poll(() => notified, { timeout: 10_000 }).toEqual(["ada"]);
      expect((await handling.events.get("m-ada"))?.outcome).toMatchObject({ status: "processed" });

      await send("token-1", Buffer.from([0x7b, 0xff, 0x7d]));
      await send("token-1", "no json");
      await expect.poll(() => ingest.getJobCounts("failed"), { timeout: 10_000 }).toMatchObject({ failed: 2 });
      const failed = await ingest.getFailed();
      expect(failed.map((job) => job.attemptsMade)).toEqual([1, 1]);
      for (const worker of workers) await worker.close();
      await ingest.close();
      await runs.close();
    });

    it("a backend that is away: answered in time, and handed in again once it is back", async () => {
      const queue = backend.queue<RunJobData>(newName());
      await queue.waitUntilReady();
      const runner = bullmqRunner({ queue, timeoutMs: 300 });
      const source = createSegmentSource({ storage: memoryStorage(), runner, triggers: [welcome] });
      const interruption = backend.interrupt();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const before = Date.now();
      const first = await source.handleSegmentPayload(signUp("grace"));
      expect(Date.now() - before).toBeLessThan(3_000);
      await interruption;
      // Back soon enough, and the first attempt is not even lost.
      expect(["pending", "triggered"]).toContain(first.events[1]?.triggers[0]?.status);
      await expect
        .poll(async () => (await source.handleSegmentPayload(signUp("grace"))).events[1]?.status, { timeout: 10_000 })
        .toBe(first.retryable ? "processed" : "duplicate");
      const added = (await jobsOf(queue)).map(({ id }) => id);
      expect(added).toHaveLength(1);
      await queue.close();
    });
  });
}
