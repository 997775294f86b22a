// What the library for tests asks of pkg/trial: natives that answer at once, and
// one op for what takes time.
import { told } from "./runner";

export type Native = (a?: number, b?: number, s?: string) => number | string | undefined;

let natives: Record<string, Native>;
const waiting = new Map<number, (text: string) => void>();
const asked = new Map<number, (kind: string, name: string, args: any) => Promise<unknown>>();

/** The natives, of the host and for the SDK. */
export function attach(from: Record<string, Native>): void {
  natives = from;
}

/** Asks what is answered at once. */
export function now(request: object): any {
  const { test } = natives;
  const answer = JSON.parse(test!(0, 0, JSON.stringify(request)) as string);
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.value;
}

/** Asks what takes time. */
export async function later(request: object): Promise<any> {
  const { op_test: call } = natives;
  const text = await new Promise<string>((resolve) => waiting.set(call!(0, 0, JSON.stringify(request)) as number, resolve));
  const answer = JSON.parse(text);
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.value;
}

/** Answers what a bot's script asks of its test. */
export function answerFor(bot: number, answer: (kind: string, name: string, args: any) => Promise<unknown>): void {
  asked.set(bot, answer);
}

/** The result of an op; false when it is none of ours. */
export function settle(id: number, text: string): boolean {
  const resolve = waiting.get(id);
  waiting.delete(id);
  resolve?.(text);
  return resolve !== undefined;
}

/** What the host sends: the order to run, and questions. */
export function receive(id: number, event: string, text: string, run: (options: any) => Promise<void>): void {
  const { done } = natives;
  const doc = JSON.parse(text);
  if (event === "run") {
    void run(doc).then(
      () => done!(id),
      (e) => done!(id, 0, JSON.stringify(e instanceof Error ? told(e) : e)),
    );
    return;
  }
  void (async () => asked.get(doc.bot)?.(doc.kind, doc.name, doc.args))().then(
    (answer) => now({ do: "answered", ask: doc.ask, answer }),
    (e) => now({ do: "answered", ask: doc.ask, thrown: { message: e instanceof Error ? e.message : String(e), code: e?.code, discord_code: e?.discord_code, status: e?.status } }),
  ).then(() => done!(id));
}

export function utf8Encode(text: string): string {
  return natives.utf8Encode!(0, 0, text) as string;
}

export function utf8Decode(base64: string): string {
  return natives.utf8Decode!(0, 0, base64) as string;
}
