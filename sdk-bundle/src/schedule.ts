// flora.schedule: handlers that run once, at a moment, whatever happens until then.
import { decodeValue, encodeValue } from "./denokvvalue";
import { onDelivery } from "./events";
import { callOp, later } from "./host";
import { DateCtor, ObjectKeys, TypeErrorCtor, append, dateValue, hide, put } from "./primordials";

const dataBytes = 16 * 1024;

function nameOf(call: string, name: unknown): string {
  if (typeof name !== "string" || name === "") throw new TypeErrorCtor(`${call}: name must be a text that is not empty`);
  if (name.length > 100) throw new TypeErrorCtor(`${call}: the name has at most 100 characters`);
  return name;
}

function moment(at: unknown): number {
  if (typeof at === "number") return at;
  try {
    return dateValue(at as Date);
  } catch {
    throw new TypeErrorCtor("schedule(at, name, data): at must be a Date or milliseconds since 1970");
  }
}

/** Has the handler of that name run once at the moment; gives an id to cancel. */
function create(at: Date | number, name: string, data?: unknown): Promise<string> {
  return later(async () => {
    const when = moment(at);
    if (!(when >= 0)) throw new TypeErrorCtor("schedule(at, name, data): at is no valid moment");
    const made = await callOp("op_schedule_create", { at: when, name: nameOf("schedule(at, name, data)", name), data: encodeValue(data, dataBytes) });
    return made.id;
  });
}

const members = {
  on: (name: string, handler: (event: any) => unknown): void => {
    nameOf("schedule.on(name, handler)", name);
    if (typeof handler !== "function") throw new TypeErrorCtor("schedule.on(name, handler): handler must be a function");
    onDelivery("__schedule:" + name, (d) => {
      const msg = d.msg as any;
      return handler({ id: msg.id, name, data: decodeValue(msg.value), at: new DateCtor(msg.at), attempt: msg.attempt });
    });
  },

  cancel: (id: string): Promise<boolean> =>
    later(() => {
      if (typeof id !== "string") throw new TypeErrorCtor("schedule.cancel(id): id must be what schedule gave");
      return callOp("op_schedule_cancel", { id });
    }),

  list: (options?: { name?: string }): Promise<object[]> =>
    later(async () => {
      const found = await callOp("op_schedule_list", { name: options?.name });
      const out: object[] = [];
      for (let i = 0; i < found.length; i++) {
        const s = found[i];
        append(out, { id: s.id, name: s.name, at: new DateCtor(s.at), data: decodeValue(s.data) });
      }
      return out;
    }),
};
const names = ObjectKeys(members) as (keyof typeof members)[];
for (let i = 0; i < names.length; i++) put(create, names[i]!, members[names[i]!]);
hide(create, "name", "schedule");
export const schedule = create as typeof create & typeof members;
