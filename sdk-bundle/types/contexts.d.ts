// Bodies of messages, and what handlers get.

declare namespace flora {
  /** Whom a message pings. */
  interface AllowedMentions {
    parse?: ("everyone" | "users" | "roles")[];
    users?: Snowflake[];
    roles?: Snowflake[];
    repliedUser?: boolean;
  }

  /** An embed. Limits are Discord's: 10 a message, 6000 characters in all of them. */
  interface Embed {
    /** Up to 256 characters. */
    title?: string;
    /** Up to 4096 characters. */
    description?: string;
    url?: string;
    /** 0xRRGGBB. */
    color?: number;
    /** ISO 8601. */
    timestamp?: string;
    footer?: { text: string; iconUrl?: string };
    image?: { url: string };
    thumbnail?: { url: string };
    author?: { name?: string; url?: string; iconUrl?: string };
    /** Up to 25. */
    fields?: EmbedField[];
  }

  interface EmbedField {
    /** Up to 256 characters. */
    name: string;
    /** Up to 1024 characters. */
    value: string;
    inline?: boolean;
  }

  interface AttachmentSource {
    filename?: string;
    description?: string;
  }

  type UrlAttachment = AttachmentSource & { url: string };
  /** `data` is bytes, or base64. */
  type DataAttachment = AttachmentSource & { data: Uint8Array | ArrayBuffer | string };
  type Attachment = UrlAttachment | DataAttachment | { url: UrlAttachment } | { base64: DataAttachment } | { Url: UrlAttachment } | { Base64: DataAttachment };

  /** A builder, or the JSON it would make. */
  type Built<T> = T | { toJSON(): T };

  /** Discord's JSON of a component: snake_case, `type` says which. */
  interface ComponentJSON {
    type: number;
    [member: string]: any;
  }

  type Component = Built<ComponentJSON>;

  /** A poll to send; its members may have Discord's names (`poll_media`), too. */
  interface NewPoll {
    /** Up to 300 characters. */
    question: { text: string };
    /** Up to 10, of up to 55 characters. */
    answers: ({ pollMedia: PollMedia } | { poll_media: PollMedia })[];
    /** Hours, up to 768; 24 by default. */
    duration?: number;
    allowMultiselect?: boolean;
    allow_multiselect?: boolean;
    layoutType?: number;
    layout_type?: number;
  }
  interface PollMedia {
    text?: string;
    /** "👍", "<:name:id>" or `{ id }`, `{ name }`. */
    emoji?: string | { id?: Snowflake | null; name?: string | null };
  }

  interface MessageBody {
    /** Up to 2000 characters. */
    content?: string;
    embeds?: Built<Embed>[];
    attachments?: Attachment[];
    components?: Component[];
    /** Without it nobody is pinged but the author of the message that a reply answers. */
    allowedMentions?: AllowedMentions;
    poll?: NewPoll;
    /** Up to 3 stickers of the server. */
    stickerIds?: Id[];
    /** Bits of `MessageFlags`. */
    flags?: number | bigint;
    /** Any other member of Discord's message body, as Discord names it. */
    [more: string]: any;
  }

  interface ReplyOptions extends MessageBody {
    tts?: boolean;
    /** The message to refer to; `null` for none. By default the one of the event. */
    replyTo?: Id | null;
    /** Only the user sees the answer. Interactions only; elsewhere it is ignored. */
    ephemeral?: boolean;
  }

  interface Modal {
    custom_id?: string;
    customId?: string;
    /** Up to 45 characters. */
    title: string;
    /** 1 to 5 labels (or rows) with inputs. */
    components: Component[];
  }

  /** What every handler gets. Its functions may be taken out of it. */
  interface AnyContext<Payload> {
    /** The event. */
    msg: Payload;
    /**
     * Answers in the event's channel, as a reply to its message. In
     * interactions: the first call answers, later ones follow up; after
     * `defer` the first replaces "thinking ...".
     */
    reply(content: string | ReplyOptions): Promise<ApiMessage>;
    /**
     * Edits the event's message. In interactions: edits the answer, and, as the
     * first answer to a component, the message that carries the component.
     */
    edit(content: string | MessageBody): Promise<ApiMessage>;
    /** Says something in the event's channel that refers to nothing. Rejects when the event has no channel. */
    send(content: string | MessageBody): Promise<ApiMessage>;
  }

  /** What handlers of events other than interactions get. */
  interface BaseContext<Payload> extends AnyContext<Payload> {
    /** Reacts to the event's message: "👍", "<:name:id>" or an emoji object. Rejects when the event has none. */
    react(emoji: string | Emoji): Promise<void>;
    /** Deletes the event's message; others' need the permission to manage messages. Rejects when the event has none. */
    deleteMessage(reason?: string): Promise<void>;
    /** Shows that the bot is typing, for ten seconds or until it says something. */
    typing(): Promise<void>;
  }

  interface CronContext extends AnyContext<CronEvent>, CronEvent {}

  /** A user that an interaction names, with the member it is in the guild. */
  interface ResolvedUser extends User {
    member: Member | null;
  }

  /** A channel that an interaction names. */
  interface ResolvedChannel {
    id: Snowflake;
    name: string;
    type: number;
    parentId?: Snowflake | null;
    /** What the user of the interaction may do there. */
    permissions?: string;
    [more: string]: any;
  }

  interface ResolvedRole {
    id: Snowflake;
    name: string;
    color: number;
    position: number;
    permissions: string;
    hoist: boolean;
    managed: boolean;
    mentionable: boolean;
    [more: string]: any;
  }

  /** A file that somebody gave. */
  interface ResolvedAttachment {
    id: Snowflake;
    filename: string;
    /** Bytes. */
    size: number;
    url: string;
    contentType?: string;
    width?: number | null;
    height?: number | null;
    [more: string]: any;
  }

  interface AnsweringContext<Payload, Options = Record<string, any>> extends AnyContext<Payload> {
    user: User;
    member: Member | null;
    channelId: Snowflake;
    /**
     * Option name -> value, those of subcommands included. Users, roles,
     * channels and attachments are objects. Empty for components and modals.
     */
    options: Options;
    /** Shows "thinking ..." and gives 15 minutes for the answer instead of 3 seconds. */
    defer(options?: { ephemeral?: boolean; flags?: number }): Promise<void>;
    /** Components: takes note without changing anything; answer or edit later. */
    deferUpdate(): Promise<void>;
    /** Components: changes the message that carries the component. */
    update(content: string | MessageBody): Promise<ApiMessage>;
    /** Another message to the same interaction, once it is answered or deferred. */
    followUp(content: string | ReplyOptions): Promise<ApiMessage>;
    /** Deletes the answer; after `update` and `deferUpdate` that is the message with the component. */
    deleteReply(): Promise<void>;
    /** Opens a modal as the first answer; what is entered comes to `onModal` and as `modalSubmit`. */
    showModal(modal: Built<Modal>): Promise<void>;
  }

  interface MessageContext extends BaseContext<Message> {
    author: User;
    member: Member | null;
    channelId: Snowflake;
  }

  interface InteractionContext<Options = Record<string, any>> extends AnsweringContext<CommandInteraction, Options> {
    /** The subcommand that was chosen, and the group it is in. */
    subcommand: string | undefined;
    group: string | undefined;
    /** Context-menu commands: what it was used on. */
    target: any;
  }

  interface UserCommandContext extends InteractionContext<{}> {
    target: ResolvedUser;
  }

  interface MessageCommandContext extends InteractionContext<{}> {
    target: Message;
  }

  interface ComponentContext<Params = Record<string, string>> extends AnsweringContext<ComponentInteraction> {
    customId: string;
    /** What was chosen in a select menu: values, or ids. */
    values: string[];
    /** The users, roles or channels that were chosen, as objects. */
    selected: any[];
    /** The message that carries the component. */
    message: Message;
    /** With `onComponent`: the parts of the custom id that its pattern names. */
    params: Params;
  }

  interface ModalContext<Params = Record<string, string>> extends AnsweringContext<ModalInteraction> {
    customId: string;
    /**
     * custom_id -> what was entered: a text; an array of texts from a string
     * select; an array of objects from other selects and from uploads.
     */
    fields: Record<string, any>;
    /** The message whose component opened the modal. */
    message: Message | undefined;
    params: Params;
  }

  type Choice = string | number | { name: string; value: string | number; nameLocalizations?: Localizations };

  /** Somebody is typing an option that completes itself. */
  interface AutocompleteContext {
    msg: AutocompleteInteraction;
    user: User;
    member: Member | null;
    channelId: Snowflake;
    /** What is filled in so far, checked by nobody. */
    options: Record<string, any>;
    subcommand: string | undefined;
    group: string | undefined;
    /** The option that is being typed. */
    focused: { name: string; value: string | number };
    /** Shows choices, the first 25 of them. An option's own function returns them instead. */
    respond(choices: readonly Choice[]): Promise<void>;
  }

  interface CommandContext<Options = Record<string, any>> extends MessageContext {
    /** The words after the command's name, as they were typed. */
    args: string[];
    /** The command's declared arguments: name -> value. */
    options: Options;
  }

  /** The names in a pattern such as "vote:{poll}:{choice}". */
  type PatternParams<P> = P extends `${string}{${infer Name}}${infer Rest}` ? { [K in Name]: string } & PatternParams<Rest> : {};
  type ParamsOf<P> = P extends RegExp ? Record<string, string> : string extends P ? Record<string, string> : PatternParams<P>;

  /**
   * Calls the handler for buttons and select menus with this custom id: the
   * whole id, a pattern whose parameters come as `ctx.params` ("vote:{poll}",
   * each at least one character, the last one takes what is left), or a regular
   * expression, whose named groups are the parameters. A whole id wins over
   * patterns, of these the first that fits. Throws a TypeError for an id that
   * has a handler already.
   */
  function onComponent<const P extends string | RegExp>(pattern: P, handler: (ctx: ComponentContext<ParamsOf<P>>) => unknown): void;
  /** The same for modals that were sent. */
  function onModal<const P extends string | RegExp>(pattern: P, handler: (ctx: ModalContext<ParamsOf<P>>) => unknown): void;

  type EventName = keyof Events;
  type Ctx<E extends EventName> = Events[E];

  /**
   * Calls the handler for every such event of the guild. Handlers of one event
   * run one after another, each awaited; one that fails is logged and does not
   * stop the next. Throws a TypeError for a name that is empty or over 128
   * characters, or a handler that is no function.
   */
  function on<E extends EventName>(event: E, handler: (ctx: Ctx<E>) => unknown): void;
  function on(event: string, handler: (ctx: BaseContext<any>) => unknown): void;

  /**
   * Calls the handler on a schedule: five fields, or six with leading seconds,
   * or `@hourly` and the like; UTC. At most 32 jobs a guild, names are unique
   * and have at most 121 characters. Throws when the expression is wrong.
   */
  function cron(
    name: string,
    expr: string,
    handler: (ctx: CronContext) => unknown,
    options?: {
      /** Leaves a run out while the one before has not ended. */
      skipIfRunning?: boolean;
    },
  ): void;
}
