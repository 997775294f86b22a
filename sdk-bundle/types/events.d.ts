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

  /** What options name, by id; Discord's own names, and camelCase ones beside them. */
  interface Resolved {
    users?: Record<Snowflake, any>;
    members?: Record<Snowflake, any>;
    roles?: Record<Snowflake, any>;
    channels?: Record<Snowflake, any>;
    messages?: Record<Snowflake, any>;
    attachments?: Record<Snowflake, any>;
  }

  /**
   * The data of interactions has Discord's own names, as in the original
   * Flora, and the camelCase ones beside them.
   */
  interface CommandData {
    id: Snowflake;
    name: string;
    /** 1 slash command, 2 used on a user, 3 used on a message. */
    type: number;
    options: CommandDataOption[];
    /** Users, members, roles, channels, messages and attachments that options name. */
    resolved: Resolved;
    guild_id?: Snowflake;
    guildId?: Snowflake;
    /** The user or message a context-menu command was used on. */
    target_id: Snowflake | null;
    targetId: Snowflake | null;
  }

  interface AutocompleteData {
    id: Snowflake;
    name: string;
    type: number;
    /** The one that is being typed has `focused: true`; its value is what there is so far. */
    options: CommandDataOption[];
    resolved: Resolved;
    guild_id?: Snowflake;
    guildId?: Snowflake;
  }

  interface ComponentData {
    id?: number;
    custom_id: string;
    customId: string;
    component_type: number;
    componentType: number;
    /** What was chosen in a select menu. */
    values: string[] | null;
    /** Users, roles and channels that were chosen. */
    resolved?: Resolved;
  }

  interface ModalData {
    custom_id: string;
    customId: string;
    /** What was entered: labels (type 18) with a `component`, or rows with `components`. */
    components: any[];
    resolved?: Resolved;
  }

  interface Interaction<Data> {
    interactionId: Snowflake;
    id: Snowflake;
    /** Good for answers for 15 minutes; the first must come within 3 seconds. */
    interactionToken: string;
    token: string;
    /** 2 command, 3 component, 4 autocomplete, 5 modal. */
    type: number;
    version: number;
    applicationId: Snowflake;
    guildId: Snowflake;
    guild?: { id: Snowflake; locale: string; features: string[] };
    channelId: Snowflake;
    channel?: InteractionChannel;
    user: User;
    member: Member | null;
    locale: string;
    guildLocale: string | null;
    /** What the bot may do in the channel: permission bits as a decimal text. */
    appPermissions: string;
    entitlements: Entitlement[];
    authorizingIntegrationOwners: Record<string, Snowflake>;
    context?: number | null;
    /** Bytes. */
    attachmentSizeLimit: number;
    data: Data;
  }

  interface CommandInteraction extends Interaction<CommandData> {
    commandName: string;
  }

  interface ComponentInteraction extends Interaction<ComponentData> {
    /** The message that carries the component. */
    messageId: Snowflake;
    message: Message;
  }

  interface ModalInteraction extends Interaction<ModalData> {
    /** The message whose component opened the modal. */
    messageId: Snowflake | null;
    message?: Message;
  }

  interface AutocompleteInteraction extends Interaction<AutocompleteData> {
    commandName: string;
  }

  /** The contexts of `on`'s handlers, by the event's name. */
  interface Events {
    /** Once, when the bot is connected. */
    ready: BaseContext<ReadyEvent>;

    // Messages.
    /** A message was sent. */
    messageCreate: MessageContext;
    /** A message was edited, or Discord added an embed to it. */
    messageUpdate: BaseContext<MessageUpdateEvent>;
    /** A message was deleted. */
    messageDelete: BaseContext<MessageDeleteEvent>;
    /** Many messages were deleted at once. */
    messageDeleteBulk: BaseContext<MessageDeleteBulkEvent>;
    /** Somebody reacted to a message. */
    reactionAdd: BaseContext<ReactionEvent>;
    /** Somebody took a reaction back. */
    reactionRemove: BaseContext<ReactionEvent>;
    /** All reactions of a message were removed. */
    reactionRemoveAll: BaseContext<ReactionRemoveAllEvent>;
    /** All reactions with one emoji were removed. */
    reactionRemoveEmoji: BaseContext<ReactionRemoveEmojiEvent>;
    /** Somebody voted; one event for each answer. */
    messagePollVoteAdd: BaseContext<PollVoteEvent>;
    /** Somebody took a vote back. */
    messagePollVoteRemove: BaseContext<PollVoteEvent>;
    /** Somebody began to type. */
    typingStart: BaseContext<TypingEvent>;

    // Interactions.
    /** Somebody used a command, or a context menu. */
    interactionCreate: InteractionContext;
    /** Somebody clicked a button or chose from a menu. */
    componentInteraction: ComponentContext;
    /** Somebody sent a modal. */
    modalSubmit: ModalContext;
    /** Somebody types an option that completes itself. */
    autocomplete: AutocompleteContext;
    /** Who may use a command was changed. */
    applicationCommandPermissionsUpdate: BaseContext<CommandPermissionsEvent>;

    // Members.
    /** Somebody joined. */
    guildMemberAdd: BaseContext<MemberAddEvent>;
    /** A member changed: roles, nickname, timeout, avatar. */
    guildMemberUpdate: BaseContext<MemberUpdateEvent>;
    /** A member left, was kicked or banned. */
    guildMemberRemove: BaseContext<MemberRemoveEvent>;
    /** Somebody was banned. */
    guildBanAdd: BaseContext<BanEvent>;
    /** A ban was lifted. */
    guildBanRemove: BaseContext<BanEvent>;
    /** A member's status or activity changed. */
    presenceUpdate: BaseContext<PresenceEvent>;

    // Guild.
    /** The guild's data came: after the bot began a new session, or after an outage. */
    guildAvailable: BaseContext<GuildAvailableEvent>;
    /** The guild's settings changed. */
    guildUpdate: BaseContext<Guild>;
    /** The guild is unavailable because of an outage. */
    guildUnavailable: BaseContext<GuildUnavailableEvent>;
    /** Something was written to the audit log. */
    guildAuditLogEntryCreate: BaseContext<AuditLogEntryEvent>;
    /** A role was made. */
    roleCreate: BaseContext<RoleEvent>;
    /** A role changed. */
    roleUpdate: BaseContext<RoleEvent>;
    /** A role was deleted. */
    roleDelete: BaseContext<RoleDeleteEvent>;
    /** An emoji was made, changed or deleted; all emoji come. */
    guildEmojisUpdate: BaseContext<EmojisEvent>;
    /** A sticker was made, changed or deleted; all stickers come. */
    guildStickersUpdate: BaseContext<StickersEvent>;
    /** A soundboard sound was made. */
    guildSoundboardSoundCreate: BaseContext<SoundboardSoundEvent>;
    /** A soundboard sound changed. */
    guildSoundboardSoundUpdate: BaseContext<SoundboardSoundEvent>;
    /** A soundboard sound was deleted. */
    guildSoundboardSoundDelete: BaseContext<SoundboardSoundDeleteEvent>;
    /** Many soundboard sounds changed. */
    guildSoundboardSoundsUpdate: BaseContext<SoundboardSoundsEvent>;
    /** An integration changed. */
    guildIntegrationsUpdate: BaseContext<IntegrationsEvent>;
    /** An integration was added. */
    integrationCreate: BaseContext<IntegrationEvent>;
    /** An integration changed. */
    integrationUpdate: BaseContext<IntegrationEvent>;
    /** An integration was removed. */
    integrationDelete: BaseContext<IntegrationDeleteEvent>;
    /** A channel's webhooks changed. */
    webhooksUpdate: BaseContext<WebhooksEvent>;
    /** An invite was made. */
    inviteCreate: BaseContext<InviteCreateEvent>;
    /** An invite was deleted. */
    inviteDelete: BaseContext<InviteDeleteEvent>;

    // Channels and threads.
    /** A channel was made. */
    channelCreate: BaseContext<Channel>;
    /** A channel changed. */
    channelUpdate: BaseContext<Channel>;
    /** A channel was deleted. */
    channelDelete: BaseContext<Channel>;
    /** A message was pinned or unpinned. */
    channelPinsUpdate: BaseContext<PinsEvent>;
    /** A thread was made, or the bot was added to one. */
    threadCreate: BaseContext<ThreadCreateEvent>;
    /** A thread changed. */
    threadUpdate: BaseContext<Thread>;
    /** A thread was deleted. */
    threadDelete: BaseContext<ThreadDeleteEvent>;
    /** The bot gained access to a channel; its active threads come. */
    threadListSync: BaseContext<ThreadListSyncEvent>;
    /** The bot's own membership of a thread changed. */
    threadMemberUpdate: BaseContext<ThreadMemberUpdateEvent>;
    /** Somebody joined or left a thread. */
    threadMembersUpdate: BaseContext<ThreadMembersUpdateEvent>;

    // Voice and stages.
    /** Somebody joined, left or moved between voice channels, or muted. */
    voiceStateUpdate: BaseContext<VoiceState>;
    /** Somebody sent an emoji or a sound in a voice channel that the bot is in. */
    voiceChannelEffectSend: BaseContext<VoiceEffectEvent>;
    /** A voice channel's status text changed. */
    voiceChannelStatusUpdate: BaseContext<VoiceChannelStatusEvent>;
    /** The time since when a voice channel is in use changed. */
    voiceChannelStartTimeUpdate: BaseContext<VoiceChannelStartTimeEvent>;
    /** A stage went live. */
    stageInstanceCreate: BaseContext<StageInstance>;
    /** A live stage changed. */
    stageInstanceUpdate: BaseContext<StageInstance>;
    /** A stage ended. */
    stageInstanceDelete: BaseContext<StageInstance>;

    // Scheduled events.
    /** An event was scheduled. */
    guildScheduledEventCreate: BaseContext<ScheduledEvent>;
    /** A scheduled event changed, began or ended. */
    guildScheduledEventUpdate: BaseContext<ScheduledEvent>;
    /** A scheduled event was deleted. */
    guildScheduledEventDelete: BaseContext<ScheduledEvent>;
    /** Somebody is interested in a scheduled event. */
    guildScheduledEventUserAdd: BaseContext<ScheduledEventUserEvent>;
    /** Somebody is no longer interested in a scheduled event. */
    guildScheduledEventUserRemove: BaseContext<ScheduledEventUserEvent>;

    // Moderation rules.
    /** A rule was made. */
    autoModerationRuleCreate: BaseContext<AutoModerationRule>;
    /** A rule changed. */
    autoModerationRuleUpdate: BaseContext<AutoModerationRule>;
    /** A rule was deleted. */
    autoModerationRuleDelete: BaseContext<AutoModerationRule>;
    /** A rule took action, such as blocking a message. */
    autoModerationActionExecution: BaseContext<AutoModerationActionEvent>;

    // Purchases.
    /** The guild got an entitlement. */
    entitlementCreate: BaseContext<Entitlement>;
    /** The guild's entitlement changed or ended. */
    entitlementUpdate: BaseContext<Entitlement>;
    /** The guild's entitlement was taken back. */
    entitlementDelete: BaseContext<Entitlement>;
  }
}
