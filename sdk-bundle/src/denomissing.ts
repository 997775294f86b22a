// What of Deno's API cannot be in a server's script. Every name exists and
// throws Deno.errors.NotCapable with what there is instead.
import { notCapable } from "./denoerrors";
import { ObjectDefineProperty, PromiseCtor, hide, includes, slice, split, startsWith } from "./primordials";

const files = "there is no file system; keep what must last in Deno.openKv() or kv.store(), and bundle what the script needs";
const processes = "a script runs inside Flora and has no process of its own";
const host = "a script is not told about the machine it runs on";
const sockets = "there are no raw sockets; use fetch or WebSocket";
const native = "native code cannot be loaded";

// Names by the reason. A name with ~ before it gives a promise, one with = is no
// function but a value, and one with . is a member of an object.
const rows: [string, string][] = [
  [
    files,
    "~open openSync ~create createSync FsFile SeekMode= ~mkdir mkdirSync ~makeTempDir makeTempDirSync ~makeTempFile makeTempFileSync ~chmod chmodSync ~chown chownSync ~remove removeSync ~rename renameSync " +
      "~readTextFile readTextFileSync ~readFile readFileSync ~realPath realPathSync readDir readDirSync ~copyFile copyFileSync ~readLink readLinkSync ~lstat lstatSync ~stat statSync " +
      "~writeFile writeFileSync ~writeTextFile writeTextFileSync ~truncate truncateSync watchFs ~symlink symlinkSync ~link linkSync ~utime utimeSync umask cwd chdir ~bundle",
  ],
  [processes, "exit exitCode= pid= ppid= execPath Command ChildProcess spawn spawnAndWait spawnAndWaitSync kill addSignalListener removeSignalListener stdin.read stdin.readSync stdin.close stdin.readable= stdin.setRaw"],
  ["a script has no terminal; console.log writes into the server's log", "consoleSize stdout.write stdout.writeSync stdout.close stdout.writable= stderr.write stderr.writeSync stderr.close stderr.writable="],
  [host, "hostname loadavg networkInterfaces systemMemoryInfo osRelease osUptime uid gid"],
  ["what a script uses of its memory is in the server's status; see GET /api/deployments/{guild}", "memoryUsage"],
  [sockets, "~connect ~connectTls ~startTls listen listenTls listenDatagram ~resolveDns QuicEndpoint ~connectQuic"],
  ["requests reach a script through Deno.serve alone, which cannot take a connection over", "upgradeWebSocket ~upgradeWebTransport"],
  ["every request goes out in the same way, through fetch", "HttpClient createHttpClient"],
  [native, "UnsafePointer UnsafePointerView UnsafeFnPointer UnsafeCallback dlopen UnsafeWindowSurface brand="],
  ["timers never keep a script alive, nor does their end stop it", "refTimer unrefTimer"],
  ["tests run under `flora test`", "test bench lint.runPlugin"],
  ["there is no notebook", "jupyter.display jupyter.md jupyter.html jupyter.svg jupyter.image jupyter.format jupyter.broadcast jupyter.$display="],
  ["there is no graphics processor", "webgpu.deviceStartCapture webgpu.deviceStopCapture"],
  ["Flora traces by itself; see docs/metrics.md", "telemetry.tracerProvider= telemetry.contextManager= telemetry.meterProvider="],
];

function refuse(name: string, why: string): Error {
  return notCapable(`Deno.${name} is not available in Flora: ${why}`);
}

function fill(to: any, key: string, path: string, mark: string, why: string): void {
  if (mark === "=") {
    const fail = () => {
      throw refuse(path, why);
    };
    ObjectDefineProperty(to, key, { __proto__: null, get: fail, set: fail, enumerable: false, configurable: true } as PropertyDescriptor);
    return;
  }
  // An ordinary function: what is a class in Deno is called with new.
  const f =
    mark === "~"
      ? function () {
          return new PromiseCtor((_, reject) => reject(refuse(path, why)));
        }
      : function () {
          throw refuse(path, why);
        };
  ObjectDefineProperty(f, "name", { __proto__: null, value: key, configurable: true } as PropertyDescriptor);
  hide(to, key, f);
}

/** Adds what is missing to Deno's namespace. */
export function addMissing(to: any): void {
  for (let r = 0; r < rows.length; r++) {
    const why = rows[r]![0];
    const names = split(rows[r]![1], " ");
    for (let i = 0; i < names.length; i++) {
      let name = names[i]!;
      let mark = "";
      if (startsWith(name, "~")) {
        mark = "~";
        name = slice(name, 1);
      } else if (includes(name, "=")) {
        mark = "=";
        name = slice(name, 0, name.length - 1);
      }
      if (!includes(name, ".")) {
        fill(to, name, name, mark, why);
        continue;
      }
      const parts = split(name, ".");
      if (to[parts[0]!] === undefined) hide(to, parts[0]!, {});
      fill(to[parts[0]!], parts[1]!, name, mark, why);
    }
  }
}
