// What of the language itself is taken away or bounded, before a script runs:
// memory that the runtime cannot count, and memory that threads could share.
import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  RangeErrorCtor,
  ReflectConstruct,
  ReflectOwnKeys,
  TypeErrorCtor,
  bufferLength,
  hide,
  uncurryThis,
} from "./primordials";

const { ArrayBuffer: Whole } = globalThis;

// V8 takes the memory of a buffer that can be resized past the allocator that
// counts, so none is made. Everything else of ArrayBuffer is the language's.
function Fixed(length?: unknown, options?: any): object {
  if (new.target === undefined) throw new TypeErrorCtor("Constructor ArrayBuffer requires 'new'");
  if (options !== null && typeof options === "object" && options.maxByteLength !== undefined) {
    throw new RangeErrorCtor("Buffers that can be resized are not available in Flora; make a new one and copy, or use transfer(newLength)");
  }
  return ReflectConstruct(Whole, [length], new.target);
}

const keys = ReflectOwnKeys(Whole);
for (let i = 0; i < keys.length; i++) {
  const key = keys[i]!;
  if (key !== "prototype") ObjectDefineProperty(Fixed, key, ObjectGetOwnPropertyDescriptor(Whole, key)!);
}
ObjectDefineProperty(Fixed, "prototype", { __proto__: null, value: Whole.prototype, writable: false } as PropertyDescriptor);
hide(Whole.prototype, "constructor", Fixed);
hide(globalThis, "ArrayBuffer", Fixed);

/**
 * Keeps memory that threads share out of reach, which WebAssembly would give.
 * V8 makes WebAssembly with each context, so this is done when one starts.
 */
export function confineWebAssembly(): void {
  const { WebAssembly: wasm } = globalThis as any;
  if (wasm === undefined) return;
  const d = ObjectGetOwnPropertyDescriptor(wasm.Memory.prototype, "buffer")!;
  const bufferOf = uncurryThis(d.get as (this: unknown) => unknown);
  const confined = {
    get buffer(): unknown {
      const b = bufferOf(this);
      try {
        bufferLength(b);
      } catch {
        throw new TypeErrorCtor("WebAssembly.Memory: shared memory is not available in Flora");
      }
      return b;
    },
  };
  const { get } = ObjectGetOwnPropertyDescriptor(confined, "buffer")!;
  ObjectDefineProperty(wasm.Memory.prototype, "buffer", { __proto__: null, get, set: undefined, enumerable: true, configurable: false } as PropertyDescriptor);
}
