// Select menus.
import { extended, jsonAll, set, type ComponentJSON, type HasJSON } from "./builder";
import { append } from "./primordials";

type DefaultType = "user" | "role" | "channel";
interface DefaultValue {
  id: string;
  type: DefaultType;
}

function valuesOf(ids: (string | string[])[], type: DefaultType): DefaultValue[] {
  const flat = jsonAll(ids);
  const out: DefaultValue[] = [];
  for (let i = 0; i < flat.length; i++) append(out, { id: flat[i], type });
  return out;
}

export class SelectMenuBuilderBase implements HasJSON {
  data: ComponentJSON;

  constructor(type: number, customId: string) {
    this.data = { type, custom_id: customId };
  }

  setCustomId(customId: string): this {
    return set(this, { custom_id: customId });
  }

  setPlaceholder(placeholder: string): this {
    return set(this, { placeholder });
  }

  setMinValues(n: number): this {
    return set(this, { min_values: n });
  }

  setMaxValues(n: number): this {
    return set(this, { max_values: n });
  }

  setRequired(required = true): this {
    return set(this, { required });
  }

  setDisabled(disabled = true): this {
    return set(this, { disabled });
  }

  setChannelTypes(...types: (number | number[])[]): this {
    return set(this, { channel_types: jsonAll(types) });
  }

  setDefaultValues(...values: (DefaultValue | DefaultValue[])[]): this {
    return set(this, { default_values: jsonAll(values) });
  }

  setDefaultUsers(...ids: (string | string[])[]): this {
    return this.#setDefaults(ids, "user");
  }

  setDefaultRoles(...ids: (string | string[])[]): this {
    return this.#setDefaults(ids, "role");
  }

  setDefaultChannels(...ids: (string | string[])[]): this {
    return this.#setDefaults(ids, "channel");
  }

  addDefaultUser(id: string): this {
    return this.addDefaultValue(id, "user");
  }

  addDefaultRole(id: string): this {
    return this.addDefaultValue(id, "role");
  }

  addDefaultChannel(id: string): this {
    return this.addDefaultValue(id, "channel");
  }

  addDefaultValue(id: string, type: DefaultType): this {
    return set(this, { default_values: extended(this.data.default_values, [{ id, type }]) });
  }

  toJSON(): ComponentJSON {
    return { ...this.data };
  }

  /** Replaces the default values of one kind and keeps the others. */
  #setDefaults(ids: (string | string[])[], type: DefaultType): this {
    const kept: DefaultValue[] = [];
    const have: DefaultValue[] = this.data.default_values ?? [];
    for (let i = 0; i < have.length; i++) if (have[i]!.type !== type) append(kept, have[i]!);
    return set(this, { default_values: jsonAll([valuesOf(ids, type)], kept) });
  }
}

interface SelectOption {
  label: string;
  value: string;
  description?: string;
  emoji?: unknown;
  default?: boolean;
}

export class StringSelectMenuBuilder extends SelectMenuBuilderBase {
  constructor(customId: string) {
    super(3, customId);
  }

  setOptions(...options: (SelectOption | SelectOption[])[]): this {
    return set(this, { options: jsonAll(options) });
  }

  addOptions(...options: (SelectOption | SelectOption[])[]): this {
    return set(this, { options: extended(this.data.options, options) });
  }
}

export class UserSelectMenuBuilder extends SelectMenuBuilderBase {
  constructor(customId: string) {
    super(5, customId);
  }
}

export class RoleSelectMenuBuilder extends SelectMenuBuilderBase {
  constructor(customId: string) {
    super(6, customId);
  }
}

export class MentionableSelectMenuBuilder extends SelectMenuBuilderBase {
  constructor(customId: string) {
    super(7, customId);
  }
}

export class ChannelSelectMenuBuilder extends SelectMenuBuilderBase {
  constructor(customId: string) {
    super(8, customId);
  }
}

export const stringSelect = (customId: string) => new StringSelectMenuBuilder(customId);
export const userSelect = (customId: string) => new UserSelectMenuBuilder(customId);
export const roleSelect = (customId: string) => new RoleSelectMenuBuilder(customId);
export const mentionableSelect = (customId: string) => new MentionableSelectMenuBuilder(customId);
export const channelSelect = (customId: string) => new ChannelSelectMenuBuilder(customId);
