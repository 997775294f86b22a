// Messages as events bring them.

declare namespace flora {
  interface Message {
    id: Snowflake;
    channelId: Snowflake;
    guildId: Snowflake | null;
    /** Empty without the intent MESSAGE_CONTENT, but where the bot is mentioned. So are attachments, embeds and components. */
    content: string;
    author: User;
    /** Null for webhooks. */
    member: Member | null;
    timestamp: string;
    editedTimestamp: string | null;
    /** 0 ordinary, 19 a reply, 7 somebody joined ... */
    type: number;
    /** Bits of `MessageFlags`. */
    flags?: number;
    tts: boolean;
    pinned: boolean;
    mentionEveryone: boolean;
    mentions: (User & { member?: Partial<Omit<Member, "user">> })[];
    /** Ids of roles. */
    mentionRoles: Snowflake[];
    mentionChannels?: { id: Snowflake; guildId: Snowflake; type: number; name: string }[];
    attachments: MessageAttachment[];
    embeds: MessageEmbed[];
    /** Discord's components: `type` says which. */
    components: MessageComponent[];
    reactions?: MessageReaction[];
    poll?: Poll;
    stickerItems?: { id: Snowflake; name: string; formatType: number }[];
    /** What the message answers or forwards. */
    messageReference?: { type?: number; messageId?: Snowflake; channelId: Snowflake; guildId?: Snowflake };
    /** The answered message; null when it was deleted. */
    referencedMessage?: Omit<Message, "guildId" | "member"> | null;
    /** The forwarded message. */
    messageSnapshots?: { message: MessageSnapshot }[];
    /** The thread that the message began. */
    thread?: Thread;
    channelType?: number;
    position?: number;
    nonce?: string | number;
    webhookId?: Snowflake;
    applicationId?: Snowflake;
    application?: Record<string, unknown>;
    activity?: Record<string, unknown>;
    /** The interaction that the message answers. */
    interactionMetadata?: {
      id: Snowflake;
      type: number;
      user: User;
      authorizingIntegrationOwners: Record<string, Snowflake>;
      originalResponseMessageId?: Snowflake;
      interactedMessageId?: Snowflake;
      triggeringInteractionMetadata?: Record<string, unknown>;
      targetUser?: User;
      targetMessageId?: Snowflake;
      name?: string;
      commandType?: number;
    };
    interaction?: Record<string, unknown>;
    roleSubscriptionData?: Record<string, unknown>;
    purchaseNotification?: Record<string, unknown>;
    resolved?: Record<string, unknown>;
    call?: { participants: Snowflake[]; endedTimestamp?: string | null };
    sharedClientTheme?: Record<string, unknown>;
  }

  /** What there is of a forwarded message. */
  type MessageSnapshot = Pick<Message, "content" | "embeds" | "attachments" | "timestamp" | "editedTimestamp" | "type" | "mentions" | "mentionRoles" | "components"> &
    Pick<Message, "flags" | "stickerItems">;

  interface MessageAttachment {
    id: Snowflake;
    filename: string;
    title?: string | null;
    description?: string | null;
    contentType?: string;
    originalContentType?: string;
    /** Bytes. */
    size: number;
    url: string;
    proxyUrl: string;
    width?: number | null;
    height?: number | null;
    ephemeral?: boolean;
    durationSecs?: number;
    waveform?: string;
    flags?: number;
    placeholder?: string;
    placeholderVersion?: number;
    contentScanVersion?: number;
    clipParticipants?: User[];
    clipCreatedAt?: string;
  }

  interface EmbedMedia {
    url?: string;
    proxyUrl?: string;
    width?: number;
    height?: number;
    contentType?: string;
    description?: string | null;
    placeholder?: string;
    placeholderVersion?: number;
    flags?: number;
  }

  /** An embed of a message that was sent. */
  interface MessageEmbed {
    type?: string;
    title?: string;
    description?: string;
    url?: string;
    color?: number;
    timestamp?: string;
    footer?: { text: string; iconUrl?: string; proxyIconUrl?: string };
    image?: EmbedMedia;
    thumbnail?: EmbedMedia;
    video?: EmbedMedia;
    provider?: { name?: string; url?: string };
    author?: { name?: string; url?: string; iconUrl?: string; proxyIconUrl?: string };
    fields?: { name: string; value: string; inline?: boolean }[];
    flags?: number;
    contentScanVersion?: number;
  }

  /** A component of a message that was sent. */
  interface MessageComponent {
    type: number;
    id?: number;
    customId?: string;
    components?: MessageComponent[];
    [member: string]: any;
  }

  interface MessageReaction {
    emoji: Emoji;
    count: number;
    countDetails?: { burst: number; normal: number };
    burstColors?: string[];
    burstCount?: number;
    me: boolean;
    meBurst?: boolean;
    burstMe?: boolean;
  }

  interface Poll {
    question: { text?: string };
    answers: { answerId: number; pollMedia: { text?: string; emoji?: Emoji } }[];
    expiry: string | null;
    allowMultiselect: boolean;
    layoutType: number;
    results?: { isFinalized: boolean; answerCounts: { id: number; count: number; meVoted: boolean }[] };
  }

  interface MessageUpdateEvent extends Message {
    /** The message before is not kept: always null. */
    old: Message | null;
    /** The message once more. */
    new: Message;
  }

  interface MessageDeleteEvent {
    id: Snowflake;
    channelId: Snowflake;
    guildId: Snowflake;
  }

  interface MessageDeleteBulkEvent {
    ids: Snowflake[];
    channelId: Snowflake;
    guildId: Snowflake;
  }

  interface ReactionEvent {
    userId: Snowflake | null;
    channelId: Snowflake;
    messageId: Snowflake;
    guildId: Snowflake;
    emoji: Emoji;
    /** A super reaction. */
    burst: boolean;
    burstColors?: string[];
    type?: number;
    /** With `reactionAdd`. */
    member?: Member;
    messageAuthorId?: Snowflake;
  }

  interface ReactionRemoveEmojiEvent {
    /** Nobody's: always null. */
    userId: null;
    channelId: Snowflake;
    messageId: Snowflake;
    guildId: Snowflake;
    emoji: Emoji;
    burst: boolean;
  }

  interface ReactionRemoveAllEvent {
    messageId: Snowflake;
    channelId: Snowflake;
    guildId: Snowflake;
  }

  interface PollVoteEvent {
    userId: Snowflake;
    channelId: Snowflake;
    messageId: Snowflake;
    guildId: Snowflake;
    answerId: number;
  }

  interface TypingEvent {
    channelId: Snowflake;
    guildId: Snowflake;
    userId: Snowflake;
    /** Unix time in seconds. */
    timestamp: number;
    member?: Member;
  }
}
