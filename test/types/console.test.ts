import { createSegmentSource, functionRunner, memoryStorage } from "bellwire";
import { createConsole } from "bellwire/console";
import { consoleHandler as expressConsole } from "bellwire/express";
import { consoleHandler as fastifyConsole } from "bellwire/fastify";
import { consoleHandler as koaConsole } from "bellwire/koa";
import express, { type Request as ExpressRequest } from "express";
import fastify, { type FastifyRequest } from "fastify";
import Koa, { type Context } from "koa";
import { expect, it } from "vitest";

interface WithUser {
  readonly user?: { readonly name: string };
}

it("hands the framework's own request to authorize, typed", async () => {
  const source = createSegmentSource({ storage: memoryStorage(), runner: functionRunner(() => undefined) });
  const view = (user: WithUser["user"]) => (user === undefined ? null : { name: user.name, roles: ["view"] as const });

  const forExpress = createConsole<ExpressRequest & WithUser>({
    source,
    authorize: (_request, original) => view(original?.user),
  });
  const forKoa = createConsole<Context>({ source, authorize: (_request, context) => view(context?.state["user"]) });
  const forFastify = createConsole<FastifyRequest & WithUser>({
    source,
    authorize: (_request, original) => view(original?.user),
  });

  const app = express();
  app.use((request, _response, next) => {
    Object.assign(request, { user: { name: "ada" } });
    next();
  });
  app.use(expressConsole(forExpress));
  new Koa().use(koaConsole(forKoa));
  await fastify().register(fastifyConsole(forFastify)).ready();
  expect(await forExpress.fetch(new Request("http://console.test/bellwire"))).toMatchObject({ status: 401 });

  // @ts-expect-error A console cannot be made without authorize.
  expect(() => createConsole({ source })).toThrow("authorize");
  // @ts-expect-error There are three roles.
  createConsole({ source, authorize: () => ({ name: "ada", roles: ["admin"] }) });
});
