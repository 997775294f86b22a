// Builders of embeds and components, and Discord's numbers.

declare namespace flora {
  class EmbedBuilder {
    constructor(initial?: Embed);
    /** The embed so far. */
    data: Embed;
    setTitle(title: string): this;
    setDescription(description: string): this;
    setUrl(url: string): this;
    /** 0xRRGGBB. */
    setColor(color: number): this;
    /** ISO 8601, milliseconds or a Date; now by default. */
    setTimestamp(at?: string | number | Date): this;
    setFooter(text: string, iconUrl?: string): this;
    setImage(url: string): this;
    setThumbnail(url: string): this;
    setAuthor(name?: string, options?: { url?: string; iconUrl?: string }): this;
    addField(name: string, value: string, inline?: boolean): this;
    addFields(...fields: (EmbedField | EmbedField[])[]): this;
    setFields(...fields: (EmbedField | EmbedField[])[]): this;
    toJSON(): Embed;
  }
  function embed(initial?: Embed): EmbedBuilder;

  /** What all component builders have. Children may be builders or JSON. */
  interface ComponentBuilder {
    /** The JSON so far. */
    data: ComponentJSON;
    toJSON(): ComponentJSON;
  }

  class ActionRowBuilder implements ComponentBuilder {
    data: ComponentJSON;
    /** Up to 5 buttons, or one select menu. */
    addComponents(...components: (Component | Component[])[]): this;
    setComponents(...components: (Component | Component[])[]): this;
    toJSON(): ComponentJSON;
  }

  class ButtonBuilder implements ComponentBuilder {
    data: ComponentJSON;
    /** `ButtonStyle`; Primary by default. */
    setStyle(style: number): this;
    /** 1 to 100 characters; comes back as `ctx.msg.data.custom_id`. */
    setCustomId(customId: string): this;
    /** Makes it a link. */
    setUrl(url: string): this;
    /** Makes it a premium button. */
    setSkuId(skuId: Snowflake): this;
    /** Up to 80 characters. */
    setLabel(label: string): this;
    /** "👍", "<:name:id>" or an emoji object. */
    setEmoji(emoji: string | Emoji): this;
    setDisabled(disabled?: boolean): this;
    toJSON(): ComponentJSON;
  }

  class InputTextBuilder implements ComponentBuilder {
    constructor(customId: string);
    data: ComponentJSON;
    setCustomId(customId: string): this;
    /** `InputTextStyle`. */
    setStyle(style: number): this;
    /** 0 to 4000. */
    setMinLength(n: number): this;
    /** 1 to 4000. */
    setMaxLength(n: number): this;
    setRequired(required?: boolean): this;
    setValue(value: string): this;
    setPlaceholder(placeholder: string): this;
    toJSON(): ComponentJSON;
  }

  type DefaultValueType = "user" | "role" | "channel";
  interface DefaultValue {
    id: Snowflake;
    type: DefaultValueType;
  }

  class SelectMenuBuilderBase implements ComponentBuilder {
    constructor(type: number, customId: string);
    data: ComponentJSON;
    setCustomId(customId: string): this;
    setPlaceholder(placeholder: string): this;
    /** 0 to 25. */
    setMinValues(n: number): this;
    /** 1 to 25. */
    setMaxValues(n: number): this;
    setRequired(required?: boolean): this;
    setDisabled(disabled?: boolean): this;
    /** Channel selects: Discord's channel types that may be chosen. */
    setChannelTypes(...types: (number | number[])[]): this;
    setDefaultValues(...values: (DefaultValue | DefaultValue[])[]): this;
    /** Replaces the default users and keeps other defaults. */
    setDefaultUsers(...ids: (Snowflake | Snowflake[])[]): this;
    setDefaultRoles(...ids: (Snowflake | Snowflake[])[]): this;
    setDefaultChannels(...ids: (Snowflake | Snowflake[])[]): this;
    addDefaultUser(id: Snowflake): this;
    addDefaultRole(id: Snowflake): this;
    addDefaultChannel(id: Snowflake): this;
    addDefaultValue(id: Snowflake, type: DefaultValueType): this;
    toJSON(): ComponentJSON;
  }

  interface SelectOption {
    label: string;
    value: string;
    description?: string;
    emoji?: string | Emoji;
    default?: boolean;
  }

  class StringSelectMenuBuilder extends SelectMenuBuilderBase {
    constructor(customId: string);
    /** Up to 25. */
    setOptions(...options: (SelectOption | SelectOption[])[]): this;
    addOptions(...options: (SelectOption | SelectOption[])[]): this;
  }
  class UserSelectMenuBuilder extends SelectMenuBuilderBase {
    constructor(customId: string);
  }
  class RoleSelectMenuBuilder extends SelectMenuBuilderBase {
    constructor(customId: string);
  }
  class MentionableSelectMenuBuilder extends SelectMenuBuilderBase {
    constructor(customId: string);
  }
  class ChannelSelectMenuBuilder extends SelectMenuBuilderBase {
    constructor(customId: string);
  }

  class SectionBuilder implements ComponentBuilder {
    data: ComponentJSON;
    /** 1 to 3 text displays. */
    addComponents(...components: (Component | Component[])[]): this;
    setComponents(...components: (Component | Component[])[]): this;
    /** A button or a thumbnail; a section must have one. */
    setAccessory(accessory: Component): this;
    toJSON(): ComponentJSON;
  }

  class TextDisplayBuilder implements ComponentBuilder {
    constructor(content: string);
    data: ComponentJSON;
    setContent(content: string): this;
    toJSON(): ComponentJSON;
  }

  class ThumbnailBuilder implements ComponentBuilder {
    constructor(url: string);
    data: ComponentJSON;
    setUrl(url: string): this;
    setDescription(description: string): this;
    setSpoiler(spoiler?: boolean): this;
    toJSON(): ComponentJSON;
  }

  class MediaGalleryBuilder implements ComponentBuilder {
    data: ComponentJSON;
    /** Up to 10 items. */
    addItem(url: string, options?: { description?: string; spoiler?: boolean }): this;
    setItems(...items: (object | object[])[]): this;
    toJSON(): ComponentJSON;
  }

  class FileBuilder implements ComponentBuilder {
    /** `attachment://name` of an attachment of the same message. */
    constructor(url: string);
    data: ComponentJSON;
    setUrl(url: string): this;
    setSpoiler(spoiler?: boolean): this;
    toJSON(): ComponentJSON;
  }

  class SeparatorBuilder implements ComponentBuilder {
    constructor(divider?: boolean);
    data: ComponentJSON;
    setDivider(divider?: boolean): this;
    setSpacing(spacing: number | "small" | "large"): this;
    toJSON(): ComponentJSON;
  }

  class ContainerBuilder implements ComponentBuilder {
    data: ComponentJSON;
    addComponents(...components: (Component | Component[])[]): this;
    setComponents(...components: (Component | Component[])[]): this;
    /** 0xRRGGBB. */
    setAccentColor(color: number): this;
    setSpoiler(spoiler?: boolean): this;
    toJSON(): ComponentJSON;
  }

  class LabelBuilder implements ComponentBuilder {
    /** Up to 45 characters. */
    constructor(label: string);
    data: ComponentJSON;
    setLabel(label: string): this;
    setDescription(description: string): this;
    /** The input of a modal: a text, a select menu or a file upload. */
    setComponent(component: Component): this;
    toJSON(): ComponentJSON;
  }

  class FileUploadBuilder implements ComponentBuilder {
    constructor(customId: string);
    data: ComponentJSON;
    setCustomId(customId: string): this;
    setMinValues(n: number): this;
    setMaxValues(n: number): this;
    setRequired(required?: boolean): this;
    toJSON(): ComponentJSON;
  }

  function actionRow(): ActionRowBuilder;
  function button(): ButtonBuilder;
  function stringSelect(customId: string): StringSelectMenuBuilder;
  function inputText(customId: string): InputTextBuilder;
  function userSelect(customId: string): UserSelectMenuBuilder;
  function roleSelect(customId: string): RoleSelectMenuBuilder;
  function mentionableSelect(customId: string): MentionableSelectMenuBuilder;
  function channelSelect(customId: string): ChannelSelectMenuBuilder;
  function section(): SectionBuilder;
  function textDisplay(content: string): TextDisplayBuilder;
  function thumbnail(url: string): ThumbnailBuilder;
  function mediaGallery(): MediaGalleryBuilder;
  function file(url: string): FileBuilder;
  function separator(divider?: boolean): SeparatorBuilder;
  function container(): ContainerBuilder;
  function label(text: string): LabelBuilder;
  function fileUpload(customId: string): FileUploadBuilder;

  const ButtonStyle: { Primary: 1; Secondary: 2; Success: 3; Danger: 4; Link: 5; Premium: 6 };
  const ButtonStyles: typeof ButtonStyle;
  const InputTextStyle: { Short: 1; Paragraph: 2 };
  const InputTextStyles: typeof InputTextStyle;
  const ComponentType: {
    ActionRow: 1;
    Button: 2;
    StringSelect: 3;
    InputText: 4;
    UserSelect: 5;
    RoleSelect: 6;
    MentionableSelect: 7;
    ChannelSelect: 8;
    Section: 9;
    TextDisplay: 10;
    Thumbnail: 11;
    MediaGallery: 12;
    File: 13;
    Separator: 14;
    Container: 17;
    Label: 18;
    FileUpload: 19;
  };
  /** Bits of a message's `flags`; add them up with `|`. */
  const MessageFlags: {
    CROSSPOSTED: 1;
    IS_CROSSPOST: 2;
    SUPPRESS_EMBEDS: 4;
    SOURCE_MESSAGE_DELETED: 8;
    URGENT: 16;
    HAS_THREAD: 32;
    EPHEMERAL: 64;
    LOADING: 128;
    FAILED_TO_MENTION_SOME_ROLES_IN_THREAD: 256;
    SUPPRESS_NOTIFICATIONS: 4096;
    IS_VOICE_MESSAGE: 8192;
    /** Needed by sections, text displays, containers and their like. */
    IS_COMPONENTS_V2: 32768;
  };
}
