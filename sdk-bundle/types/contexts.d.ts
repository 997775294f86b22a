// Bodies of messages, and what handlers get.

declare namespace flora {
  /** Discord's allowed mentions; without it nobody but the replied user is pinged by default rules of the server. */
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

  interface MessageBody {
    /** Up to 2000 characters. */
    content?: string;
    embeds?: Built<Embed>[];
    attachments?: Attachment[];
    components?: Component[];
    allowedMentions?: AllowedMentions;
    /** Bits of `MessageFlags`. */
    flags?: number | bigint;
    /** Any other member of Discord's message body, as Discord names it. */
    [more: string]: any;
  }

  interface ReplyOptions extends MessageBody {
    tts?: boolean;
    /** The message to refer to; `null` for none. By default the one of the event. */
    replyTo?: Snowflake | null;
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
  interface BaseContext<Payload> {
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
  }

  interface CronContext extends BaseContext<CronEvent>, CronEvent {}

  interface AnsweringContext<Payload> extends BaseContext<Payload> {
    /** Option name -> value, those of subcommands included; user, role, channel and attachment options are ids. */
    options: Record<string, any>;
    /** Shows "thinking ..." and gives 15 minutes for the answer instead of 3 seconds. */
    defer(options?: { ephemeral?: boolean; flags?: number }): Promise<void>;
    /** Components: takes note without changing anything; answer or edit later. */
    deferUpdate(): Promise<void>;
    /** Components: changes the message that carries the component. */
    update(content: string | MessageBody): Promise<ApiMessage>;
    /** Another message to the same interaction, once it is answered or deferred. */
    followUp(content: string | ReplyOptions): Promise<ApiMessage>;
    /** Opens a modal as the first answer; what is entered comes as `modalSubmit`. */
    showModal(modal: Built<Modal>): Promise<void>;
  }

  interface MessageContext extends BaseContext<Message> {}
  interface InteractionContext extends AnsweringContext<CommandInteraction> {}
  interface ComponentContext extends AnsweringContext<ComponentInteraction> {}
  interface ModalContext extends AnsweringContext<ModalInteraction> {}
  interface CommandContext extends MessageContext {
    /** The words after the command's name. */
    args: string[];
  }

  interface Events {
    ready: BaseContext<ReadyEvent>;
    messageCreate: MessageContext;
    messageUpdate: BaseContext<MessageUpdateEvent>;
    messageDelete: BaseContext<MessageDeleteEvent>;
    messageDeleteBulk: BaseContext<MessageDeleteBulkEvent>;
    interactionCreate: InteractionContext;
    componentInteraction: ComponentContext;
    modalSubmit: ModalContext;
    reactionAdd: BaseContext<ReactionEvent>;
    reactionRemove: BaseContext<ReactionEvent>;
    reactionRemoveEmoji: BaseContext<ReactionEvent>;
    reactionRemoveAll: BaseContext<ReactionRemoveAllEvent>;
  }

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
