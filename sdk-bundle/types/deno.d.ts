// Deno's namespace: what is there. Every other name of Deno's API exists and
// throws Deno.errors.NotCapable.

declare namespace Deno {
  /** The version of Deno whose API this is, of V8, and of TypeScript that checks scripts. */
  const version: { deno: string; v8: string; typescript: string };
  const build: { target: string; arch: "x86_64" | "aarch64"; os: "linux"; vendor: string; env?: string; standalone: boolean };
  /** A script has no arguments. */
  const args: string[];
  const noColor: boolean;
  /** The URL that stacks and import.meta.url name. */
  const mainModule: string;

  interface InspectOptions {
    /** Escape sequences of a terminal [false]. */
    colors?: boolean;
    /** How deep objects in objects are shown [4]; at most 64. */
    depth?: number | null;
    /** Where lines are broken [80]. */
    breakLength?: number;
    /** \n and the like in strings as written in source [true]. */
    escapeSequences?: boolean;
    /** So many of the innermost objects share a line if they fit [3]; true is 3 and false 0. */
    compact?: boolean | number;
    /** Members that are not enumerable, too [false]. */
    showHidden?: boolean;
    /** How many items of lists and collections are shown [100]; at most 10,000. */
    iterableLimit?: number;
    /** A Proxy as its target and handler, not as its target alone [false]. No trap is called either way. */
    showProxy?: boolean;
    /** Members by name, items of collections by their text [false]. */
    sorted?: boolean;
    /** A comma after the last of several lines [false]. */
    trailingComma?: boolean;
    /** Calls getters and shows what they give [false]. */
    getters?: boolean;
    /** Longer strings inside values are cut [10,000]. */
    strAbbreviateSize?: number;
  }
  /**
   * A value as text, as console.log shows it; at most 256 KiB. A value with a
   * method [Symbol.for("Deno.customInspect")](inspect, options) is shown as what
   * that gives.
   */
  function inspect(value: unknown, options?: InspectOptions): string;

  type PermissionName = "read" | "write" | "net" | "env" | "sys" | "run" | "ffi" | "import";
  type PermissionState = "granted" | "denied" | "prompt";
  interface PermissionDescriptor {
    name: PermissionName;
    /** Of net: a name or an address with or without a port. */
    host?: string;
  }
  class PermissionStatus extends EventTarget {
    private constructor();
    readonly state: PermissionState;
    readonly partial: boolean;
    onchange: ((event: Event) => unknown) | null;
  }
  class Permissions {
    private constructor();
    query(descriptor: PermissionDescriptor): Promise<PermissionStatus>;
    querySync(descriptor: PermissionDescriptor): PermissionStatus;
    /** As query: nobody is asked. */
    request(descriptor: PermissionDescriptor): Promise<PermissionStatus>;
    requestSync(descriptor: PermissionDescriptor): PermissionStatus;
    /** As query: nothing is taken away. */
    revoke(descriptor: PermissionDescriptor): Promise<PermissionStatus>;
    revokeSync(descriptor: PermissionDescriptor): PermissionStatus;
  }
  /** env is granted, and net towards public hosts; the rest is denied. */
  const permissions: Permissions;

  namespace errors {
    class NotFound extends Error {}
    class PermissionDenied extends Error {}
    class ConnectionRefused extends Error {}
    class ConnectionReset extends Error {}
    class ConnectionAborted extends Error {}
    class NotConnected extends Error {}
    class AddrInUse extends Error {}
    class AddrNotAvailable extends Error {}
    class BrokenPipe extends Error {}
    class AlreadyExists extends Error {}
    class InvalidData extends Error {}
    class TimedOut extends Error {}
    class Interrupted extends Error {}
    class WriteZero extends Error {}
    class WouldBlock extends Error {}
    class UnexpectedEof extends Error {}
    class BadResource extends Error {}
    class Http extends Error {}
    class Busy extends Error {}
    class NotSupported extends Error {}
    class FilesystemLoop extends Error {}
    class IsADirectory extends Error {}
    class NetworkUnreachable extends Error {}
    class NotADirectory extends Error {}
    /** What a script may not do, or cannot where it runs. */
    class NotCapable extends Error {}
  }
}

interface ImportMeta {
  /** The URL that stacks name. */
  url: string;
  main: boolean;
  /** A path from there, or a URL, as a URL. */
  resolve(specifier: string): string;
}
