// The published entry point @flora/sdk/testing.
import type { Options } from "../index";
import { TestBot } from "./bot";
import type { Script } from "./load";

export * from "./assert";
export { HandlerError, TestBot } from "./bot";
export { after, afterAll, afterEach, before, beforeAll, beforeEach, describe, it, test } from "./runner";

/**
 * Starts a script with the SDK in this process, without a runtime: its source,
 * its file, or a function that does what its top level would do.
 */
export function createTestBot(script: Script, options?: Options): Promise<TestBot> {
  return TestBot.start(script, options);
}
