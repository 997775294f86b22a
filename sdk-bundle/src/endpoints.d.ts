// The module itself is made when the SDK is bundled, from the table of
// endpoints (v8ops/endpoint).

/** The names of the ops that rest has functions for, without "op_". */
export const ops: readonly string[];
