// How tests are declared: Node's own runner, by the names that `flora test` has.
import * as node from "node:test";

type Body = (t: any) => unknown;

/** What a test is given: Node's context, with steps. */
function context(t: any): any {
  return { name: t.name, step: (name: string, fn: Body) => step(t, name, fn), test: t.test?.bind(t), diagnostic: t.diagnostic?.bind(t) };
}

async function step(t: any, name: string, fn: Body): Promise<boolean> {
  let passed = true;
  await t.test(name, async (inner: any) => {
    try {
      await fn(context(inner));
    } catch (e) {
      passed = false;
      throw e;
    }
  });
  return passed;
}

/** The arguments in any order that `flora test` takes, for Node. */
function declared(into: (...args: any[]) => unknown, args: unknown[], more: object = {}): void {
  let o: any = {};
  let name: string | undefined;
  let body: Body | undefined;
  for (const a of args) {
    if (typeof a === "string") name = a;
    else if (typeof a === "function") body = a as Body;
    else if (a !== null && typeof a === "object") o = a;
  }
  body ??= o.fn;
  const { skip, only, todo, timeout } = { ...o, skip: o.ignore === true || o.skip, ...more } as any;
  const options = Object.fromEntries(Object.entries({ skip, only, todo, timeout }).filter(([, v]) => v !== undefined && v !== false));
  void into(name ?? o.name ?? body?.name, options, body === undefined ? undefined : (t: any) => body!(context(t)));
}

function declaring(into: (...args: any[]) => unknown): any {
  return Object.assign((...a: unknown[]) => declared(into, a), {
    skip: (...a: unknown[]) => declared(into, a, { skip: true }),
    ignore: (...a: unknown[]) => declared(into, a, { skip: true }),
    only: (...a: unknown[]) => declared(into, a, { only: true }),
    todo: (...a: unknown[]) => declared(into, a, { todo: true }),
  });
}

export const test: any = declaring(node.test as any);
export const it: any = declaring(node.it as any);
export const describe: any = node.describe;
export const before = (fn: () => unknown): void => void node.before(fn as any);
export const after = (fn: () => unknown): void => void node.after(fn as any);
export const beforeEach = (fn: () => unknown): void => void node.beforeEach(fn as any);
export const afterEach = (fn: () => unknown): void => void node.afterEach(fn as any);
export const beforeAll = before;
export const afterAll = after;
