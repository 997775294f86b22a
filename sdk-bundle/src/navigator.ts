// What runs the script, by the HTML standard.
import { TypeErrorCtor } from "./primordials";
import { expose } from "./webidl";

const only = {};

export class Navigator {
  constructor(key: unknown) {
    if (key !== only) throw new TypeErrorCtor("Illegal constructor");
  }
  get userAgent(): string {
    return "Flora";
  }
}
expose(Navigator, "Navigator");
export const navigator = new Navigator(only);
