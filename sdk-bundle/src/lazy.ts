// What is made when a script first touches it. import() is no promise in the
// SDK: the bundler makes the module, and what only it imports, a function that
// nothing has run of in the snapshot, and calls that in place. Such a module runs
// when the script may have rewritten every built-in, and again if it ran out of
// stack or time in the middle: at its top level, too, it uses primordials only,
// and changes nothing outside of itself that a second time would change again.
import { natives } from "./host";
import { ObjectKeys, add, hide, list, put } from "./primordials";

/** Stands for a member of a module until it is laid. */
class Later {
  load: () => any;
  name: string;
  constructor(load: () => any, name: string) {
    this.load = load;
    this.name = name;
  }
}

/** Members of a module that is made when one of them is touched, for lay. */
export function part<T, K extends keyof T & string>(load: () => Promise<T>, ...names: K[]): Pick<T, K> {
  const out: any = {};
  for (let i = 0; i < names.length; i++) put(out, names[i]!, new Later(load, names[i]!));
  return out;
}

const laid = list<Later>();

/** What the host is to lay in the snapshot, by number: on whom, the name, and whether it shows. */
export const lazies = list<[object, string, boolean]>();

/**
 * Lays members on an object. Those of parts are made when a script reads or
 * describes them; until then they cost a few words, and it cannot tell.
 */
export function lay<T extends object>(on: object, shows: boolean, members: T): T {
  const names = ObjectKeys(members);
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const value = (members as any)[name];
    if (value instanceof Later) {
      add(laid, value);
      if (natives === undefined) {
        add(lazies, [on, name, shows]);
      } else {
        const { lay: now } = natives;
        now(on, name, shows, laid.length - 1);
      }
    } else if (shows) {
      put(on, name, value);
    } else {
      hide(on, name, value);
    }
  }
  return on as T;
}

/** Makes the member of a number. */
export function member(id: number): unknown {
  const { load, name } = laid[id]!;
  return load()[name];
}

/** The module that import() gives at once. */
export function here<T>(module: Promise<T>): T {
  return module as unknown as T;
}
