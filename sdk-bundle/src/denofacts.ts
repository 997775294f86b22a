// What Deno's namespace tells of itself and of where the script runs.
import { makeErrors } from "./denoerrors";
import { natives } from "./host";
import { mainModule as main } from "./meta";
import { JSONParse } from "./primordials";

// The version of Deno whose API the namespace has the names of, and of
// TypeScript that the declarations are checked with; tests hold both.
const denoVersion = "2.7.0";
const typescriptVersion = "7.0.2";

interface About {
  v8: string;
  arch: string;
}

/** Where the script runs: V8's version and the processor's architecture, as Deno calls it. */
function about(): About {
  const { about: tell } = natives;
  return JSONParse(tell(0, 0, "") as string);
}

const { v8, arch } = about();

export const errors = makeErrors();
export const version = { deno: denoVersion, v8, typescript: typescriptVersion };
export const build = { target: `${arch}-unknown-linux-gnu`, arch, os: "linux", vendor: "unknown", env: "gnu", standalone: false };
export const mainModule = main();
