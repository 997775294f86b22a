// Loading a script: its source, a file, or a function of the test's own.
import * as fs from "node:fs";
import * as module from "node:module";
import * as path from "node:path";
import * as url from "node:url";
import * as vm from "node:vm";

export type Script = string | URL | { file: string } | ((sdk: any) => unknown);

interface Code {
  code: string;
  name: string;
}

/** The script as one module of JavaScript without imports. */
export function codeOf(script: string | URL | { file: string }): Code {
  if (typeof script === "string") return { code: plain(script, "script.js"), name: "script.js" };
  const name = script instanceof Object && "file" in script ? path.resolve(process.cwd(), script.file) : url.fileURLToPath(script as URL);
  const bundled = bundle(name);
  return { code: bundled ?? plain(fs.readFileSync(name, "utf8"), name), name };
}

/** Uses esbuild when the project has it, which resolves imports, too. */
function bundle(name: string): string | undefined {
  const esbuild = optional("esbuild");
  if (esbuild === undefined) return undefined;
  const out = esbuild.buildSync({ entryPoints: [name], bundle: true, write: false, format: "esm", target: "es2022", sourcemap: false, logLevel: "silent" });
  return out.outputFiles[0].text;
}

/** JavaScript as it is; TypeScript without its types. */
function plain(source: string, name: string): string {
  if (!/\.[cm]?ts$/.test(name)) return source;
  if (module.stripTypeScriptTypes !== undefined) return module.stripTypeScriptTypes(source);
  const typescript = optional("typescript");
  if (typescript?.transpileModule !== undefined) {
    return typescript.transpileModule(source, { fileName: name, compilerOptions: { target: "ES2022", module: "ESNext" } }).outputText;
  }
  throw new Error(`${name} is TypeScript: install esbuild beside your tests (npm install --save-dev esbuild), or use a Node from 22.13 on`);
}

function optional(name: string): any {
  try {
    return module.createRequire(url.pathToFileURL(path.resolve(process.cwd(), "tests.js")))(name);
  } catch {
    return undefined;
  }
}

/** Runs the code in the realm; top-level await works. */
export function evaluate(realm: any, { code, name }: Code): Promise<unknown> {
  if (/^\s*import\b(?!\s*\()/m.test(code)) {
    throw new Error(`${name} imports other files: install esbuild beside your tests (npm install --save-dev esbuild), or give createTestBot the bundled script`);
  }
  // Nobody imports a script, so what it exports is nothing but itself.
  const closed = code.replace(/^export\s*\{[^}]*\}\s*;?/gm, "").replace(/^export\s+default\s+/gm, "void ").replace(/^export\s+(?=(async|function|class|const|let|var)\b)/gm, "");
  const head = '"use strict"; (async () => {';
  return vm.runInContext(`${head}${closed}\n})()`, realm, { filename: name, columnOffset: -head.length });
}
