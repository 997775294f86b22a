// What the errors come from: a second file, with what TypeScript takes away.
export type Nothing = { nothing: true };

export class Account {
  readonly limit: number = this.first();
  static open(name: string): Account {
    throw new ReferenceError(`static: ${name} has no account`);
  }
  constructor(private readonly cents: number, private readonly closed = false) {
    if (cents < 0) throw new RangeError("constructor: an account begins with nothing or more");
    if (closed) this.close();
  }
  private first(): number {
    return 1;
  }
  private close = (): void => {
    throw new Error("field");
  };
  get balance(): number {
    throw new Error(`getter of ${this.cents}`);
  }
}

export async function outer(depth: number): Promise<void> {
  await inner(depth);
}

async function inner(depth: number): Promise<void> {
  if (depth > 0) return inner(depth - 1);
  await new Promise((resolve) => setTimeout(resolve, 1));
  throw new Error("at the bottom");
}

export async function together(): Promise<void> {
  await Promise.all([Promise.resolve(), outer(0)]);
}
