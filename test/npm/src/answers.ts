import { addDays, format } from "date-fns";
import _ from "lodash";
import { marked } from "marked";
import { nanoid } from "nanoid";
import YAML from "yaml";
import { z } from "zod";
import words from "./words.json" with { type: "json" };
import note from "./note.txt";

const Member = z.object({ name: z.string().min(2), age: z.number().int() });

/** What each package makes of something that is the same every time. */
export async function answer(which: string): Promise<string> {
  switch (which) {
    case "zod": {
      const bad = Member.safeParse({ name: "x", age: 1.5 });
      return "zod " + JSON.stringify([Member.parse({ name: "ada", age: 36 }), bad.error?.issues.map((i) => i.path.join())]);
    }
    case "date-fns":
      return "date-fns " + format(addDays(new Date(Date.UTC(2024, 1, 28, 12)), 1), "yyyy-MM-dd EEEE");
    case "nanoid":
      return "nanoid " + /^[\w-]{21}$/.test(nanoid()) + " " + (nanoid() !== nanoid());
    case "marked":
      return "marked " + (await marked.parse("# Hi *there*")).trim();
    case "yaml":
      return "yaml " + JSON.stringify(YAML.parse("a: [1, two]\nb: { c: true }\n"));
    case "lodash":
      return "lodash " + JSON.stringify(_.chunk(words, 2));
    case "late": {
      const { late } = await import("./late.js");
      return "late " + late(note.trim());
    }
    default:
      throw new Error("no answer to " + which); // Line 34.
  }
}
