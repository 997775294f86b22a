// import.meta of the script's one module.
import { info } from "./host";
import { TypeErrorCtor, put, slice } from "./primordials";
import { URL, insideURL } from "./url";
import { textOf } from "./webidl";

/** Where the script is, as its stacks say. */
export function mainModule(): string {
  return `file:///guild/${info.guildId}/bundle.js`;
}

function resolve(specifier: unknown): string {
  const name = textOf(specifier);
  const relative = name[0] === "/" || name[0] === ".";
  try {
    return insideURL(new URL(name, relative ? mainModule() : undefined))!.href;
  } catch {
    throw new TypeErrorCtor(`import.meta.resolve: ${slice(name, 0, 200)} is no URL, nor a path that begins with ./, ../ or /; packages are part of the bundle`);
  }
}

/** Called once, when the script first looks at it. */
export function fillMeta(meta: object): void {
  put(meta, "url", mainModule());
  put(meta, "main", true);
  put(meta, "resolve", resolve);
}
