// Buttons, modal inputs, rows and the layout components of Discord's second
// generation ("components v2", which need MessageFlags.IS_COMPONENTS_V2).
// The JSON has Discord's own names.
import { extended, json, jsonAll, set, type ComponentJSON, type HasJSON } from "./builder";

class ComponentBuilder implements HasJSON {
  data: ComponentJSON;

  constructor(data: ComponentJSON) {
    this.data = data;
  }

  toJSON(): ComponentJSON {
    return { ...this.data };
  }
}

class ParentBuilder extends ComponentBuilder {
  constructor(type: number, more?: Record<string, any>) {
    super({ type, components: [], ...more });
  }

  addComponents(...components: unknown[]): this {
    return set(this, { components: extended(this.data.components, components) });
  }

  setComponents(...components: unknown[]): this {
    return set(this, { components: jsonAll(components) });
  }
}

export class ActionRowBuilder extends ParentBuilder {
  constructor() {
    super(1);
  }
}

export class ButtonBuilder extends ComponentBuilder {
  constructor() {
    super({ type: 2 });
  }

  setStyle(style: number): this {
    return set(this, { style });
  }

  setCustomId(customId: string): this {
    return set(this, { custom_id: customId });
  }

  /** Makes it a link button. */
  setUrl(url: string): this {
    return set(this, { url, style: 5 });
  }

  /** Makes it a premium button. */
  setSkuId(skuId: string): this {
    return set(this, { sku_id: skuId, style: 6 });
  }

  setLabel(label: string): this {
    return set(this, { label });
  }

  setEmoji(emoji: unknown): this {
    return set(this, { emoji });
  }

  setDisabled(disabled = true): this {
    return set(this, { disabled });
  }
}

export class InputTextBuilder extends ComponentBuilder {
  constructor(customId: string) {
    super({ type: 4, custom_id: customId });
  }

  setCustomId(customId: string): this {
    return set(this, { custom_id: customId });
  }

  setStyle(style: number): this {
    return set(this, { style });
  }

  setMinLength(n: number): this {
    return set(this, { min_length: n });
  }

  setMaxLength(n: number): this {
    return set(this, { max_length: n });
  }

  setRequired(required = true): this {
    return set(this, { required });
  }

  setValue(value: string): this {
    return set(this, { value });
  }

  setPlaceholder(placeholder: string): this {
    return set(this, { placeholder });
  }
}

export class SectionBuilder extends ParentBuilder {
  constructor() {
    super(9, { accessory: null });
  }

  setAccessory(accessory: unknown): this {
    return set(this, { accessory: json(accessory) });
  }
}

export class TextDisplayBuilder extends ComponentBuilder {
  constructor(content: string) {
    super({ type: 10, content });
  }

  setContent(content: string): this {
    return set(this, { content });
  }
}

export class ThumbnailBuilder extends ComponentBuilder {
  constructor(url: string) {
    super({ type: 11, media: { url } });
  }

  setUrl(url: string): this {
    return set(this, { media: { url } });
  }

  setDescription(description: string): this {
    return set(this, { description });
  }

  setSpoiler(spoiler = true): this {
    return set(this, { spoiler });
  }
}

export class MediaGalleryBuilder extends ComponentBuilder {
  constructor() {
    super({ type: 12, items: [] });
  }

  addItem(url: string, options?: { description?: string; spoiler?: boolean }): this {
    return set(this, { items: extended(this.data.items, [{ media: { url }, ...options }]) });
  }

  setItems(...items: unknown[]): this {
    return set(this, { items: jsonAll(items) });
  }
}

export class FileBuilder extends ComponentBuilder {
  constructor(url: string) {
    super({ type: 13, file: { url } });
  }

  setUrl(url: string): this {
    return set(this, { file: { url } });
  }

  setSpoiler(spoiler = true): this {
    return set(this, { spoiler });
  }
}

export class SeparatorBuilder extends ComponentBuilder {
  constructor(divider = true) {
    super({ type: 14, divider });
  }

  setDivider(divider = true): this {
    return set(this, { divider });
  }

  setSpacing(spacing: number | "small" | "large"): this {
    return set(this, { spacing: spacing === "small" ? 1 : spacing === "large" ? 2 : spacing });
  }
}

export class ContainerBuilder extends ParentBuilder {
  constructor() {
    super(17);
  }

  setAccentColor(color: number): this {
    return set(this, { accent_color: color });
  }

  setSpoiler(spoiler = true): this {
    return set(this, { spoiler });
  }
}

export class LabelBuilder extends ComponentBuilder {
  constructor(label: string) {
    super({ type: 18, label });
  }

  setLabel(label: string): this {
    return set(this, { label });
  }

  setDescription(description: string): this {
    return set(this, { description });
  }

  setComponent(component: unknown): this {
    return set(this, { component: json(component) });
  }
}

export class FileUploadBuilder extends ComponentBuilder {
  constructor(customId: string) {
    super({ type: 19, custom_id: customId });
  }

  setCustomId(customId: string): this {
    return set(this, { custom_id: customId });
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
}

export const actionRow = () => new ActionRowBuilder();
export const button = () => new ButtonBuilder();
export const inputText = (customId: string) => new InputTextBuilder(customId);
export const section = () => new SectionBuilder();
export const textDisplay = (content: string) => new TextDisplayBuilder(content);
export const thumbnail = (url: string) => new ThumbnailBuilder(url);
export const mediaGallery = () => new MediaGalleryBuilder();
export const file = (url: string) => new FileBuilder(url);
export const separator = (divider = true) => new SeparatorBuilder(divider);
export const container = () => new ContainerBuilder();
export const label = (text: string) => new LabelBuilder(text);
export const fileUpload = (customId: string) => new FileUploadBuilder(customId);
