// Embeds.
import { extended, jsonAll, set, type HasJSON } from "./builder";
import { DateCtor, DateNow, dateToISO } from "./primordials";

type Field = { name: string; value: string; inline?: boolean };

function isoTime(at: unknown): unknown {
  if (at === undefined) return dateToISO(new DateCtor(DateNow()));
  if (typeof at === "number") return dateToISO(new DateCtor(at));
  if (typeof at === "string") return at;
  return dateToISO(at as Date);
}

export class EmbedBuilder implements HasJSON {
  data: Record<string, any>;

  constructor(initial?: Record<string, any>) {
    this.data = { ...initial };
  }

  setTitle(title: string): this {
    return set(this, { title });
  }

  setDescription(description: string): this {
    return set(this, { description });
  }

  setUrl(url: string): this {
    return set(this, { url });
  }

  setColor(color: number): this {
    return set(this, { color });
  }

  setTimestamp(at?: string | number | Date): this {
    return set(this, { timestamp: isoTime(at) });
  }

  setFooter(text: string, iconUrl?: string): this {
    return set(this, { footer: iconUrl === undefined ? { text } : { text, iconUrl } });
  }

  setImage(url: string): this {
    return set(this, { image: { url } });
  }

  setThumbnail(url: string): this {
    return set(this, { thumbnail: { url } });
  }

  setAuthor(name?: string, options?: { url?: string; iconUrl?: string }): this {
    return set(this, { author: { name, ...options } });
  }

  addField(name: string, value: string, inline = false): this {
    return this.addFields([{ name, value, inline }]);
  }

  addFields(...fields: (Field | Field[])[]): this {
    return set(this, { fields: extended(this.data.fields, fields) });
  }

  setFields(...fields: (Field | Field[])[]): this {
    return set(this, { fields: jsonAll(fields) });
  }

  toJSON(): Record<string, any> {
    return { ...this.data };
  }
}

export function embed(initial?: Record<string, any>): EmbedBuilder {
  return new EmbedBuilder(initial);
}
