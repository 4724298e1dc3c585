import { spawn, spawnSync } from "node:child_process";

/** Whether the machine has kcat, whose librdkafka brings a cluster to test with; CI installs it. */
export const hasKafka = spawnSync("kcat", ["-V"]).status === 0;

export interface RunningKafka {
  readonly address: string;
  readonly stop: () => Promise<void>;
}

/** A cluster of librdkafka's own: Kafka's protocol over a socket, with consumer groups and committed offsets, kept in memory. */
export async function startKafka(topic: string): Promise<RunningKafka> {
  const options = ["-X", "test.mock.num.brokers=1", "-X", "debug=mock"];
  const child = spawn("kcat", ["-P", "-t", topic, "-b", "any", ...options]);
  const address = await new Promise<string>((resolve, reject) => {
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const [, found] = /bootstrap\.servers=([\d.:]+)/.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", () => reject(new Error(`kcat ended: ${output}`)));
  });
  return {
    address,
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners("exit").once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}
