// What the guild's admins have set beside the script: variables, and secrets,
// of which a script only ever sees placeholders.
import { notCapable } from "./denoerrors";
import { natives } from "./host";
import { JSONParse, TypeErrorCtor } from "./primordials";

function nameOf(call: string, name: unknown): string {
  if (typeof name !== "string") throw new TypeErrorCtor(`${call}(name): name must be a string`);
  return name;
}

export const secrets = {
  get(name: string): string | undefined {
    const { secretPlaceholder } = natives;
    return secretPlaceholder(0, 0, nameOf("secrets.get", name)) as string | undefined;
  },
};

function variable(call: string, name: unknown): string | undefined {
  const { environment } = natives;
  return environment(1, 0, nameOf(call, name)) as string | undefined;
}

function fixed(call: string): never {
  throw notCapable(`Deno.env.${call}: a script cannot change its variables; set them with PUT /api/vars/{guild}/{name}, and keep what changes in a store`);
}

/** Deno.env. */
export const env = {
  get: (name: string): string | undefined => variable("Deno.env.get", name),
  has: (name: string): boolean => variable("Deno.env.has", name) !== undefined,
  toObject(): Record<string, string> {
    const { environment } = natives;
    return JSONParse(environment(0, 0, "") as string);
  },
  set: (_name: string, _value: string): void => fixed("set"),
  delete: (_name: string): void => fixed("delete"),
};
