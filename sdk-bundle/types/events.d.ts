// Errors, and what events bring.

declare namespace flora {
  /** What rejected promises of `rest`, `kv` and contexts carry. */
  interface FloraError extends Error {
    /**
     * `SCOPE_FORBIDDEN`: the channel, thread, webhook or token is not this
     * guild's (or does not exist). `INVALID_INPUT`: an argument is wrong; the
     * message names it. `DISCORD_HTTP_ERROR`: Discord refused; see
     * `discord_code`. `DISCORD_RATE_LIMITED`: waiting would take too long.
     * `TIMEOUT`: the handler's time was over. `NOT_FOUND`, `TOO_LARGE`,
     * `RATE_LIMITED`, `QUOTA_EXCEEDED` and others as their names say.
     */
    code?: string;
    /** Discord's JSON error code, with `DISCORD_HTTP_ERROR`; 0 if it gave none. */
    discord_code?: number;
    /** The HTTP status, with `DISCORD_HTTP_ERROR`. */
    status?: number;
  }

  /** A Discord id: a decimal text, never a number (it would lose digits). */
  type Snowflake = string;

  interface User {
    id: Snowflake;
    username: string;
    discriminator: number | string | null;
    bot: boolean;
    globalName?: string | null;
    avatar?: string | null;
    [more: string]: unknown;
  }

  interface Member {
    user: User;
    nick: string | null;
    avatar: string | null;
    /** Ids of the member's roles, without @everyone. */
    roles: Snowflake[];
    joinedAt: string | null;
    premiumSince: string | null;
    deaf: boolean;
    mute: boolean;
    flags: number;
    pending: boolean;
    /** In interactions: the permission bits in the channel, as a decimal text. */
    permissions: string | null;
    communicationDisabledUntil: string | null;
    [more: string]: unknown;
  }

  interface Message {
    id: Snowflake;
    channelId: Snowflake;
    guildId: Snowflake | null;
    content: string;
    author: User;
    member: Member | null;
    [more: string]: unknown;
  }

  /** A message as the REST API answers it: Discord's own snake_case names. */
  interface ApiMessage {
    id: Snowflake;
    channel_id: Snowflake;
    content: string;
    [more: string]: any;
  }

  interface ReadyEvent {
    user: User;
    /** Always empty: a script knows its own guild only. */
    guildIds: Snowflake[];
  }

  interface MessageUpdateEvent {
    id: Snowflake;
    channelId: Snowflake;
    guildId: Snowflake;
    content: string;
    author: User;
    editedTimestamp: string | null;
    old: Message | null;
    new: Message;
    [more: string]: unknown;
  }

  interface MessageDeleteEvent {
    id: Snowflake;
    channelId: Snowflake;
    guildId: Snowflake;
    [more: string]: unknown;
  }

  interface MessageDeleteBulkEvent {
    ids: Snowflake[];
    channelId: Snowflake;
    guildId: Snowflake;
    [more: string]: unknown;
  }

  interface Emoji {
    id?: Snowflake | null;
    name: string | null;
    animated?: boolean;
  }

  interface ReactionEvent {
    userId: Snowflake | null;
    channelId: Snowflake;
    messageId: Snowflake;
    guildId: Snowflake;
    emoji: Emoji;
    burst: boolean;
    [more: string]: unknown;
  }

  interface ReactionRemoveAllEvent {
    messageId: Snowflake;
    channelId: Snowflake;
    guildId: Snowflake;
    [more: string]: unknown;
  }

  interface CronEvent {
    name: string;
    /** The second the job was due, RFC 3339, UTC. */
    scheduledAt: string;
  }

  type OptionValue = string | number | boolean;

  interface CommandDataOption {
    name: string;
    /** Discord's number: 1 subcommand, 2 group, 3 string, 4 integer ... */
    type: number;
    value?: OptionValue;
    options?: CommandDataOption[];
    focused?: boolean;
  }

  interface CommandData {
    id: Snowflake;
    name: string;
    type: number;
    options?: CommandDataOption[];
    /** Users, members, roles, channels, messages and attachments that options name. */
    resolved?: Record<string, Record<Snowflake, any>>;
    guild_id?: Snowflake;
    /** The user or message a context-menu command was used on. */
    target_id?: Snowflake | null;
    [more: string]: any;
  }

  interface ComponentData {
    custom_id: string;
    component_type: number;
    /** What was chosen in a select menu. */
    values: string[] | null;
    [more: string]: any;
  }

  interface ModalData {
    custom_id: string;
    components: any[];
    [more: string]: any;
  }

  interface Interaction<Data> {
    interactionId: Snowflake;
    /** Good for answers for 15 minutes; the first must come within 3 seconds. */
    interactionToken: string;
    applicationId: Snowflake;
    guildId: Snowflake;
    channelId: Snowflake;
    user: User;
    member: Member | null;
    locale: string;
    guildLocale: string | null;
    data: Data;
    [more: string]: unknown;
  }

  interface CommandInteraction extends Interaction<CommandData> {
    commandName: string;
  }

  interface ComponentInteraction extends Interaction<ComponentData> {
    /** The message that carries the component. */
    messageId: Snowflake;
  }

  interface ModalInteraction extends Interaction<ModalData> {
    messageId: Snowflake | null;
  }
}
