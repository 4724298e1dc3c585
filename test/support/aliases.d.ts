declare module "express4" {
  const create: unknown;
  export default create;
}
declare module "koa2" {
  const create: unknown;
  export default create;
}
declare module "koa-bodyparser" {
  import type { Middleware } from "koa";
  export default function bodyParser(): Middleware;
}
