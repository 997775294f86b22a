// console.table.
import { natives } from "./host";
import { shallow } from "./inspect";
import { kindOf } from "./kinds";
import { ArrayIsArray, MathMin, ObjectGetOwnPropertyDescriptor, ObjectKeys, add, dict, hasOwn, join, list, mapGet, mapKeys, mapNext, repeat, setNext, setValues } from "./primordials";

const maxRows = 100;
const maxColumns = 20;
const widest = 200;

interface Row {
  index: string;
  value: unknown;
}

/** A getter's value, which is not asked for. */
const unknown = {};

/** What is behind a Proxy. */
function real(v: unknown): unknown {
  const { reveal } = natives;
  let out = v;
  for (let n = 0; n < 100 && out !== null && typeof out === "object"; n++) {
    const inside = reveal(out);
    if (inside === undefined || inside[0] !== 1) break;
    out = inside[1];
  }
  return out;
}

function valueOf(of: object, key: string): unknown {
  const d = ObjectGetOwnPropertyDescriptor(of, key);
  return d === undefined ? undefined : hasOwn(d, "value") ? real(d.value) : unknown;
}

/** The rows of a table; undefined for what is none. */
function rowsOf(given: unknown): { head: string; rows: Row[] } | undefined {
  const data: any = real(given);
  if (data === null || typeof data !== "object") return undefined;
  const rows = list<Row>();
  const kind = kindOf(data);
  if (kind === "map" || kind === "set") {
    const walk = kind === "map" ? mapKeys(data) : setValues(data);
    for (let n = 0; n < maxRows; n++) {
      const step = kind === "map" ? mapNext(walk) : setNext(walk);
      if (step.done) break;
      add(rows, { index: `${n}`, value: kind === "map" ? [step.value, mapGet(data, step.value)] : real(step.value) });
    }
    return { head: "(iteration index)", rows };
  }
  if (ArrayIsArray(data) || kind === "typed") {
    for (let i = 0, n = MathMin((data as any).length, maxRows); i < n; i++) add(rows, { index: `${i}`, value: valueOf(data, `${i}`) });
    return { head: "(index)", rows };
  }
  const keys = ObjectKeys(data);
  for (let i = 0; i < keys.length && i < maxRows; i++) add(rows, { index: keys[i]!, value: valueOf(data, keys[i]!) });
  return { head: "(index)", rows };
}

function cell(v: unknown): string {
  const s = v === unknown ? "[Getter]" : shallow(v, 0);
  return s.length > widest ? "..." : s;
}

/** The table as text; undefined when data has no rows to show. */
export function table(data: unknown, only: unknown): string | undefined {
  const found = rowsOf(data);
  if (found === undefined) return undefined;
  const columns = list<string>();
  const known = dict<boolean>();
  const column = (key: string) => {
    if (known[key] === true || columns.length >= maxColumns) return;
    known[key] = true;
    add(columns, key);
  };
  if (ArrayIsArray(only)) for (let i = 0; i < only.length; i++) column(`${only[i]}`);
  let values = false;
  for (let i = 0; i < found.rows.length; i++) {
    const { value } = found.rows[i]!;
    if (value === null || typeof value !== "object" || value === unknown) values = true;
    else if (!ArrayIsArray(only)) {
      const keys = ObjectKeys(value);
      for (let k = 0; k < keys.length && k < maxColumns; k++) column(keys[k]!);
    }
  }
  const lines = list<string[]>();
  const head = list<string>();
  add(head, found.head);
  for (let i = 0; i < columns.length; i++) add(head, columns[i]!);
  if (values) add(head, "Values");
  add(lines, head);
  for (let i = 0; i < found.rows.length; i++) add(lines, lineOf(found.rows[i]!, columns, values));
  return draw(lines);
}

function lineOf(row: Row, columns: string[], values: boolean): string[] {
  const { value } = row;
  const line = list<string>();
  add(line, row.index);
  const object = value !== null && typeof value === "object" && value !== unknown;
  for (let i = 0; i < columns.length; i++) {
    const d = object ? ObjectGetOwnPropertyDescriptor(value, columns[i]!) : undefined;
    add(line, d === undefined ? "" : hasOwn(d, "value") ? cell(d.value) : "[Getter]");
  }
  if (values) add(line, object ? "" : cell(value));
  return line;
}

function draw(lines: string[][]): string {
  const widths = list<number>();
  for (let c = 0; c < lines[0]!.length; c++) {
    let w = 0;
    for (let r = 0; r < lines.length; r++) if (lines[r]![c]!.length > w) w = lines[r]![c]!.length;
    add(widths, w);
  }
  const rule = (left: string, middle: string, right: string): string => {
    const parts = list<string>();
    for (let c = 0; c < widths.length; c++) add(parts, repeat("─", widths[c]! + 2));
    return left + join(parts, middle) + right;
  };
  const out = list<string>();
  add(out, rule("┌", "┬", "┐"));
  for (let r = 0; r < lines.length; r++) {
    const parts = list<string>();
    for (let c = 0; c < widths.length; c++) {
      const text = lines[r]![c]!;
      add(parts, ` ${text}${repeat(" ", widths[c]! - text.length)} `);
    }
    add(out, `│${join(parts, "│")}│`);
    if (r === 0) add(out, rule("├", "┼", "┤"));
  }
  add(out, rule("└", "┴", "┘"));
  return join(out, "\n");
}
