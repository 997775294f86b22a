// What of the SDK's globals the library for tests uses.
declare const console: { info(text: string): void };
declare function setTimeout(run: () => void, ms: number): number;
declare function clearTimeout(id: number): void;
