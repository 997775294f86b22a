// Prefix and slash commands.

declare namespace flora {
  // ---------------------------------------------------------- prefix commands

  /** What the arguments of prefix commands become. */
  interface ArgumentValues {
    /** A word, or several in double quotes. */
    string: string;
    integer: number;
    number: number;
    /** yes, no, true, false, on, off, y, n, 1, 0. */
    boolean: boolean;
    /** A mention or an id; it must be a member. */
    user: ResolvedUser;
    /** A mention or an id. */
    channel: ResolvedChannel;
    /** A mention, an id or the name. */
    role: ResolvedRole;
    /** Milliseconds: "90s", "10m", "1h30m", "2 days" in quotes. */
    duration: number;
    /** All that is left of the message. Only the last argument can be this. */
    rest: string;
  }

  interface Argument {
    name: string;
    /** "string" by default. */
    type?: keyof ArgumentValues;
    /** For the help command. */
    description?: string;
    /** true by default. One that is not required and does not fit is skipped when others follow. */
    required?: boolean;
    /** Makes it optional, too. */
    default?: unknown;
    choices?: readonly (string | number)[];
    /** The least number, milliseconds or characters. */
    min?: number;
    max?: number;
  }

  type ArgumentValue<A extends Argument> = A extends { choices: readonly (infer C)[] } ? C : A extends { type: infer T extends keyof ArgumentValues } ? ArgumentValues[T] : string;
  type IsOptional<A extends Argument> = A extends { default: {} } ? false : A extends { required: false } ? true : false;
  /** What `ctx.options` is for declared arguments. */
  type ArgumentsOf<A extends readonly Argument[]> = Argument[] extends A ? Record<string, any> : Flat<{ [K in A[number] as K["name"]]: IsOptional<K> extends true ? ArgumentValue<K> | undefined : ArgumentValue<K> }>;

  type Flat<T> = { [K in keyof T]: T[K] };

  interface Cooldown {
    seconds: number;
    /** Who has to wait; "user" by default. */
    per?: "user" | "channel" | "guild";
    /** How often it may be used in that time; 1 by default. */
    uses?: number;
  }

  /** A name of `PermissionFlags`, bits, or several. */
  type Permissions = PermissionName | number | bigint | string | readonly (PermissionName | bigint)[];
  type PermissionName = keyof typeof PermissionFlags;

  interface Command<A extends readonly Argument[] = any> {
    name: string;
    /** Other names. */
    aliases?: readonly string[];
    /** For the help command. */
    description?: string;
    /** Declared arguments are read into `ctx.options`; whoever gets one wrong is told how it is used. */
    args?: A;
    /** Seconds that the same user has to wait between two uses, or more precisely. Kept in memory. */
    cooldown?: number | Cooldown;
    /** What the author must be allowed in the whole server; channels' own rules are not looked at. */
    permissions?: Permissions;
    /** Ids of roles of which the author must have one. */
    roles?: readonly Snowflake[];
    guildOnly?: boolean;
    /** Leaves it out of the help command. */
    hidden?: boolean;
    run(ctx: CommandContext<A extends readonly Argument[] ? ArgumentsOf<A> : Record<string, any>>): unknown;
  }

  // ----------------------------------------------------------- slash commands

  type OptionType =
    | "string"
    | "integer"
    | "number"
    | "boolean"
    | "subcommand"
    | "subcommand_group"
    | "user"
    | "channel"
    | "role"
    | "mentionable"
    | "attachment";

  /** What options become, by their type's name or number. */
  interface OptionValues {
    string: string;
    integer: number;
    number: number;
    boolean: boolean;
    user: ResolvedUser;
    channel: ResolvedChannel;
    role: ResolvedRole;
    mentionable: ResolvedUser | ResolvedRole;
    attachment: ResolvedAttachment;
    3: string;
    4: number;
    5: boolean;
    6: ResolvedUser;
    7: ResolvedChannel;
    8: ResolvedRole;
    9: ResolvedUser | ResolvedRole;
    10: number;
    11: ResolvedAttachment;
  }

  /** Locale ("de", "en-GB") -> text. */
  type Localizations = Record<string, string>;

  interface SlashCommandOption {
    /** 1 to 32 lower-case characters. */
    name: string;
    /** 1 to 100 characters. */
    description: string;
    /** "string" by default; Discord's number works too. */
    type?: OptionType | number;
    required?: boolean;
    /** Up to 25. */
    choices?: readonly { name: string; value: string | number; nameLocalizations?: Localizations }[];
    /** Gives choices while somebody types; within 3 seconds. With `true` they are given by `on("autocomplete")`. */
    autocomplete?: boolean | ((ctx: AutocompleteContext) => readonly Choice[] | undefined | void | Promise<readonly Choice[] | undefined | void>);
    minValue?: number;
    maxValue?: number;
    minLength?: number;
    maxLength?: number;
    /** Discord's channel types that may be chosen. */
    channelTypes?: readonly number[];
    nameLocalizations?: Localizations;
    descriptionLocalizations?: Localizations;
    options?: readonly SlashCommandOption[];
  }

  type OptionValueOf<O extends SlashCommandOption> = O extends { choices: readonly { value: infer V }[] } ? V : O extends { type: infer T extends keyof OptionValues } ? OptionValues[T] : string;
  /** What `ctx.options` is for declared options. */
  type OptionsOf<O extends readonly SlashCommandOption[]> = SlashCommandOption[] extends O
    ? Record<string, any>
    : Flat<
        { [K in O[number] as K extends { required: true } ? K["name"] : never]: OptionValueOf<K> } & {
          [K in O[number] as K extends { required: true } ? never : K["name"]]?: OptionValueOf<K>;
        }
      >;
  type ContextOf<O> = InteractionContext<O extends readonly SlashCommandOption[] ? OptionsOf<O> : Record<string, any>>;

  interface Gated {
    /** Seconds that the same user has to wait between two uses, or more precisely. Kept in memory. */
    cooldown?: number | Cooldown;
    /** Ids of roles of which the user must have one. */
    roles?: readonly Snowflake[];
    /** What a user is told when `run` fails before it has answered; `false` for nothing. */
    errorReply?: string | boolean;
  }

  /** A subcommand; with `subcommands` of its own it is a group of them. */
  interface SlashSubcommand<O extends readonly SlashCommandOption[] = any> extends Gated {
    name: string;
    description: string;
    nameLocalizations?: Localizations;
    descriptionLocalizations?: Localizations;
    options?: O;
    subcommands?: readonly SlashSubcommand[];
    run?(ctx: ContextOf<O>): unknown;
  }

  interface SlashCommand<O extends readonly SlashCommandOption[] = any> extends Gated {
    name: string;
    /** Needed by slash commands; user and message commands have none. */
    description?: string;
    /** "chat_input" by default; "user" and "message" make context-menu commands: `UserCommand`, `MessageCommand`. */
    type?: "chat_input" | 1;
    options?: O;
    subcommands?: readonly SlashSubcommand[];
    nameLocalizations?: Localizations;
    descriptionLocalizations?: Localizations;
    /** What members need to see it, by names or bits; "0" hides it from all but administrators. */
    defaultMemberPermissions?: Permissions | null;
    /** Another name of `defaultMemberPermissions`, which wins. */
    permissions?: Permissions | null;
    nsfw?: boolean;
    /** Runs unless a subcommand was chosen that has a `run` of its own. */
    run?(ctx: ContextOf<O>): unknown;
  }

  interface UserCommand extends Omit<SlashCommand, "type" | "run" | "options" | "subcommands" | "description"> {
    type: "user" | 2;
    run(ctx: UserCommandContext): unknown;
  }

  interface MessageCommand extends Omit<SlashCommand, "type" | "run" | "options" | "subcommands" | "description"> {
    type: "message" | 3;
    run(ctx: MessageCommandContext): unknown;
  }

  interface FlattenedSlashCommand {
    name: string;
    description?: string;
    options?: SlashCommandOption[];
    [more: string]: any;
  }

  /** The command itself; with its types, those of its arguments included. */
  function prefix<const A extends readonly Argument[] = readonly []>(command: Command<A>): Command<any>;
  /** The command itself; with its types, those of its options included. */
  function slash(command: UserCommand): SlashCommand<any>;
  function slash(command: MessageCommand): SlashCommand<any>;
  function slash<const O extends readonly SlashCommandOption[] = SlashCommandOption[]>(command: SlashCommand<O>): SlashCommand<any>;
  /** The subcommand itself; with its types, those of its options included. */
  function subcommand<const O extends readonly SlashCommandOption[] = SlashCommandOption[]>(command: SlashSubcommand<O>): SlashSubcommand<any>;
  /** A prefix command that lists the others, or tells of one of them. */
  function helpCommand(options?: { name?: string; aliases?: string[]; description?: string; title?: string; color?: number }): Command<any>;

  /**
   * Declares the bot's commands; call it once, at the top level. Slash commands
   * become the guild's at Discord once the script has loaded, all others go
   * (an empty or missing list removes them all).
   */
  function createBot(options: {
    /** What prefix commands begin with; "!" by default. */
    prefix?: string | readonly string[];
    /** A mention of the bot works as a prefix, too. */
    mentionPrefix?: boolean;
    commands?: readonly Command<any>[];
    /** Another name of `commands`, which wins. */
    prefixCommands?: readonly Command<any>[];
    slashCommands?: readonly (SlashCommand<any> | UserCommand | MessageCommand)[];
    /** Adds the command `help`. */
    help?: boolean;
    /**
     * What a user is told, for nobody else to see, whose interaction's handler
     * failed before it had answered. A polite sentence by default; `false` for
     * nothing.
     */
    errorReply?: string | boolean;
  }): void;

  /**
   * Makes these the guild's commands at Discord and removes all others. At the
   * top level it takes effect once the script has loaded; later the promise
   * tells of Discord's answer.
   */
  function registerSlashCommands(commands: FlattenedSlashCommand[]): Promise<unknown>;
  /** The commands as `registerSlashCommands` takes them: subcommands become options. */
  function flattenCommands(commands: readonly SlashCommand<any>[]): FlattenedSlashCommand[];
  /** Option name -> value, those inside subcommands included; users and their like are ids. */
  function flattenInteractionOptions(options: CommandDataOption[] | null | undefined): Record<string, any>;
  /** Runs the subcommand that was chosen, in groups too; does nothing when the command has none of that name. */
  function handleSubcommand(ctx: InteractionContext<any>, command: SlashCommand<any>): Promise<void>;
  /** Whether the event's member has the role; false where there is no member. */
  function hasRole(ctx: { msg: { member?: Member | null | undefined } }, roleId: Snowflake): boolean;
  /** The name of the chosen subcommand, also inside a group; else of the first option. */
  function getSubcommand(ctx: InteractionContext<any>): string | undefined;
  /** The name of the group that the chosen subcommand is in. */
  function getSubcommandGroup(ctx: InteractionContext<any>): string | undefined;

  /** Milliseconds of "90s", "1h30m", "2 days" or "1.5h"; `undefined` for what is no span of time. */
  function parseDuration(text: string): number | undefined;
  /** Milliseconds as "1d 2h 3m 4s", rounded to seconds. */
  function formatDuration(ms: number): string;

  /** Discord's permissions: names and their bits. */
  const PermissionFlags: {
    readonly CreateInstantInvite: bigint;
    readonly KickMembers: bigint;
    readonly BanMembers: bigint;
    readonly Administrator: bigint;
    readonly ManageChannels: bigint;
    readonly ManageGuild: bigint;
    readonly AddReactions: bigint;
    readonly ViewAuditLog: bigint;
    readonly PrioritySpeaker: bigint;
    readonly Stream: bigint;
    readonly ViewChannel: bigint;
    readonly SendMessages: bigint;
    readonly SendTTSMessages: bigint;
    readonly ManageMessages: bigint;
    readonly EmbedLinks: bigint;
    readonly AttachFiles: bigint;
    readonly ReadMessageHistory: bigint;
    readonly MentionEveryone: bigint;
    readonly UseExternalEmojis: bigint;
    readonly ViewGuildInsights: bigint;
    readonly Connect: bigint;
    readonly Speak: bigint;
    readonly MuteMembers: bigint;
    readonly DeafenMembers: bigint;
    readonly MoveMembers: bigint;
    readonly UseVAD: bigint;
    readonly ChangeNickname: bigint;
    readonly ManageNicknames: bigint;
    readonly ManageRoles: bigint;
    readonly ManageWebhooks: bigint;
    readonly ManageGuildExpressions: bigint;
    readonly UseApplicationCommands: bigint;
    readonly RequestToSpeak: bigint;
    readonly ManageEvents: bigint;
    readonly ManageThreads: bigint;
    readonly CreatePublicThreads: bigint;
    readonly CreatePrivateThreads: bigint;
    readonly UseExternalStickers: bigint;
    readonly SendMessagesInThreads: bigint;
    readonly UseEmbeddedActivities: bigint;
    readonly ModerateMembers: bigint;
    readonly ViewCreatorMonetizationAnalytics: bigint;
    readonly UseSoundboard: bigint;
    readonly CreateGuildExpressions: bigint;
    readonly CreateEvents: bigint;
    readonly UseExternalSounds: bigint;
    readonly SendVoiceMessages: bigint;
    readonly SendPolls: bigint;
    readonly UseExternalApps: bigint;
  };
}
