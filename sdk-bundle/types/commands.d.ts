// Prefix and slash commands.

declare namespace flora {
  interface Command {
    name: string;
    description?: string;
    run(ctx: CommandContext): unknown;
  }

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
    choices?: { name: string; value: string | number; nameLocalizations?: Localizations }[];
    autocomplete?: boolean;
    minValue?: number;
    maxValue?: number;
    minLength?: number;
    maxLength?: number;
    /** Discord's channel types that may be chosen. */
    channelTypes?: number[];
    nameLocalizations?: Localizations;
    descriptionLocalizations?: Localizations;
    options?: SlashCommandOption[];
  }

  /** A subcommand; with `subcommands` of its own it is a group of them. */
  interface SlashSubcommand {
    name: string;
    description: string;
    nameLocalizations?: Localizations;
    descriptionLocalizations?: Localizations;
    options?: SlashCommandOption[];
    subcommands?: SlashSubcommand[];
    run?(ctx: InteractionContext): unknown;
  }

  interface SlashCommand {
    name: string;
    /** Needed by slash commands; user and message commands have none. */
    description?: string;
    /** "chat_input" by default; "user" and "message" make context-menu commands. */
    type?: "chat_input" | "user" | "message" | number;
    options?: SlashCommandOption[];
    subcommands?: SlashSubcommand[];
    nameLocalizations?: Localizations;
    descriptionLocalizations?: Localizations;
    /** Permission bits that members need; "0" hides it from all but administrators. */
    defaultMemberPermissions?: string | number | bigint | null;
    nsfw?: boolean;
    /** Runs unless a subcommand was chosen that has a `run` of its own. */
    run?(ctx: InteractionContext): unknown;
  }

  interface FlattenedSlashCommand {
    name: string;
    description?: string;
    options?: SlashCommandOption[];
    [more: string]: any;
  }

  /** The command itself; for its types. */
  function prefix(command: Command): Command;
  /** The command itself; for its types. */
  function slash(command: SlashCommand): SlashCommand;

  /**
   * Declares the bot's commands; call it once, at the top level. Slash commands
   * become the guild's at Discord once the script has loaded, all others go
   * (an empty or missing list removes them all).
   */
  function createBot(options: {
    /** What prefix commands begin with; "!" by default. */
    prefix?: string;
    commands?: Command[];
    /** Another name of `commands`, which wins. */
    prefixCommands?: Command[];
    slashCommands?: SlashCommand[];
  }): void;

  /**
   * Makes these the guild's commands at Discord and removes all others. At the
   * top level it takes effect once the script has loaded; later the promise
   * tells of Discord's answer.
   */
  function registerSlashCommands(commands: FlattenedSlashCommand[]): Promise<unknown>;
  /** The commands as `registerSlashCommands` takes them: subcommands become options. */
  function flattenCommands(commands: SlashCommand[]): FlattenedSlashCommand[];
  /** Option name -> value, those inside subcommands included. */
  function flattenInteractionOptions(options: CommandDataOption[] | null | undefined): Record<string, any>;
  /** Runs the subcommand that was chosen, in groups too; does nothing when the command has none of that name. */
  function handleSubcommand(ctx: InteractionContext, command: SlashCommand): Promise<void>;
  /** Whether the event's member has the role; false where there is no member. */
  function hasRole(ctx: { msg: { member?: Member | null | undefined } }, roleId: Snowflake): boolean;
  /** The name of the chosen subcommand, also inside a group; else of the first option. */
  function getSubcommand(ctx: InteractionContext): string | undefined;
  /** The name of the group that the chosen subcommand is in. */
  function getSubcommandGroup(ctx: InteractionContext): string | undefined;
}
