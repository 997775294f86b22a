// What events about a guild bring.

declare namespace flora {
  interface MemberAddEvent extends Member {
    guildId: Snowflake;
  }

  /** The member as it is now; what Discord leaves out is not there. */
  type MemberUpdateEvent = RawMember & { guildId: Snowflake; user: User; roles: Snowflake[] };

  interface MemberRemoveEvent {
    guildId: Snowflake;
    user: User;
  }

  interface BanEvent {
    guildId: Snowflake;
    user: User;
  }

  interface Activity {
    id?: string;
    name: string;
    /** 0 plays, 1 streams, 2 listens, 3 watches, 4 a status of their own, 5 competes. */
    type: number;
    url?: string | null;
    /** Unix time in milliseconds. */
    createdAt?: number;
    timestamps?: { start?: number; end?: number };
    applicationId?: Snowflake;
    details?: string | null;
    detailsUrl?: string | null;
    state?: string | null;
    stateUrl?: string | null;
    emoji?: Emoji | null;
    party?: { id?: string; size?: number[] };
    assets?: { largeImage?: string; largeText?: string; largeUrl?: string; smallImage?: string; smallText?: string; smallUrl?: string; inviteCoverImage?: string };
    instance?: boolean;
    flags?: number;
    /** Labels. */
    buttons?: string[];
    sessionId?: string;
    syncId?: string;
    statusDisplayType?: number | null;
    platform?: string;
  }

  interface PresenceEvent {
    guildId: Snowflake;
    /** Only `id` is always there. */
    user: Partial<User> & { id: Snowflake };
    status: string;
    activities: Activity[];
    /** Platform -> status. */
    clientStatus: { desktop?: string; mobile?: string; web?: string; embedded?: string; vr?: string };
  }

  /** All of the guild that the bot may see. Big guilds come without most members. */
  interface GuildAvailableEvent extends Guild {
    joinedAt: string;
    large: boolean;
    unavailable?: boolean;
    memberCount: number;
    voiceStates: Omit<VoiceState, "guildId" | "member">[];
    members: RawMember[];
    channels: (Omit<Channel, "guildId"> & { guildId?: Snowflake })[];
    threads: Thread[];
    presences: Omit<PresenceEvent, "guildId">[];
    stageInstances: StageInstance[];
    guildScheduledEvents: ScheduledEvent[];
    soundboardSounds: SoundboardSound[];
    version?: number;
    lazy?: boolean;
  }

  interface GuildUnavailableEvent {
    id: Snowflake;
    unavailable: boolean;
  }

  interface AuditLogEntryEvent {
    id: Snowflake;
    guildId: Snowflake;
    /** Discord's number: 20 kick, 22 ban, 24 member update ... */
    actionType: number;
    /** Who did it. */
    userId: Snowflake | null;
    /** To whom or what. */
    targetId: string | null;
    /** `key` is Discord's own name of what changed. */
    changes?: { key: string; oldValue?: unknown; newValue?: unknown }[];
    options?: {
      applicationId?: Snowflake;
      autoModerationRuleName?: string;
      autoModerationRuleTriggerType?: string;
      channelId?: Snowflake;
      count?: string;
      deleteMemberDays?: string;
      id?: Snowflake;
      membersRemoved?: string;
      messageId?: Snowflake;
      roleName?: string;
      type?: string;
      integrationType?: string;
      status?: string;
      eventExceptionId?: Snowflake;
    };
    reason?: string;
  }

  interface RoleEvent {
    guildId: Snowflake;
    role: Role;
  }

  interface RoleDeleteEvent {
    guildId: Snowflake;
    roleId: Snowflake;
  }

  interface EmojisEvent {
    guildId: Snowflake;
    emojis: GuildEmoji[];
  }

  interface StickersEvent {
    guildId: Snowflake;
    stickers: Sticker[];
  }

  interface SoundboardSoundEvent extends SoundboardSound {
    guildId: Snowflake;
  }

  interface SoundboardSoundDeleteEvent {
    soundId: Snowflake;
    guildId: Snowflake;
  }

  interface SoundboardSoundsEvent {
    guildId: Snowflake;
    soundboardSounds: SoundboardSound[];
  }

  interface IntegrationsEvent {
    guildId: Snowflake;
  }

  interface IntegrationEvent {
    id: Snowflake;
    guildId: Snowflake;
    name: string;
    /** `twitch`, `youtube`, `discord` or `guild_subscription`. */
    type: string;
    enabled: boolean;
    syncing?: boolean;
    roleId?: Snowflake;
    enableEmoticons?: boolean;
    expireBehavior?: number;
    expireGracePeriod?: number;
    account: { id: string; name: string };
    syncedAt?: string;
    subscriberCount?: number;
    revoked?: boolean;
    application?: { id: Snowflake; name: string; icon: string | null; description: string; bot?: User };
    scopes?: string[];
  }

  interface IntegrationDeleteEvent {
    id: Snowflake;
    guildId: Snowflake;
    applicationId?: Snowflake;
  }

  interface WebhooksEvent {
    guildId: Snowflake;
    channelId: Snowflake;
  }

  interface InviteCreateEvent {
    guildId: Snowflake;
    channelId: Snowflake;
    code: string;
    createdAt: string;
    inviter?: User;
    /** Seconds; 0 is for ever. */
    maxAge: number;
    /** 0 is any number. */
    maxUses: number;
    temporary: boolean;
    uses: number;
    expiresAt?: string | null;
    targetType?: number;
    targetUser?: User;
    targetApplication?: Record<string, unknown>;
    roleIds?: Snowflake[];
    type?: number;
  }

  interface InviteDeleteEvent {
    guildId: Snowflake;
    channelId: Snowflake;
    code: string;
  }

  interface PinsEvent {
    guildId: Snowflake;
    channelId: Snowflake;
    lastPinTimestamp?: string | null;
  }

  interface ThreadCreateEvent extends Thread {
    /** Missing when the bot was only added to the thread. */
    newlyCreated?: boolean;
  }

  interface ThreadDeleteEvent {
    id: Snowflake;
    guildId: Snowflake;
    parentId: Snowflake;
    type: number;
  }

  interface ThreadListSyncEvent {
    guildId: Snowflake;
    /** The channels; missing for the whole guild. */
    channelIds?: Snowflake[];
    threads: Thread[];
    /** The bot's own memberships. */
    members: ThreadMember[];
  }

  interface ThreadMemberUpdateEvent extends ThreadMember {
    guildId: Snowflake;
  }

  interface ThreadMembersUpdateEvent {
    /** The thread's. */
    id: Snowflake;
    guildId: Snowflake;
    memberCount: number;
    addedMembers?: (ThreadMember & { member?: RawMember; presence?: PresenceEvent | null })[];
    removedMemberIds?: Snowflake[];
    memberIdsPreview?: Snowflake[];
    messageCount?: number;
  }

  interface VoiceEffectEvent {
    guildId: Snowflake;
    channelId: Snowflake;
    userId: Snowflake;
    emoji?: Emoji | null;
    animationType?: number | null;
    animationId?: number;
    soundId?: Snowflake | number;
    soundVolume?: number;
    soundOverridePath?: string | null;
  }

  interface VoiceChannelStatusEvent {
    /** The channel's. */
    id: Snowflake;
    guildId: Snowflake;
    status: string | null;
  }

  interface VoiceChannelStartTimeEvent {
    /** The channel's. */
    id: Snowflake;
    guildId: Snowflake;
    /** Unix time in seconds; null when nobody is there any more. */
    voiceStartTime: number | null;
  }

  interface ScheduledEventUserEvent {
    guildScheduledEventId: Snowflake;
    userId: Snowflake;
    guildId: Snowflake;
  }

  interface AutoModerationActionEvent {
    guildId: Snowflake;
    action: AutoModerationAction;
    ruleId: Snowflake;
    ruleTriggerType: number;
    userId: Snowflake;
    channelId?: Snowflake;
    /** Missing when the message was blocked. */
    messageId?: Snowflake;
    alertSystemMessageId?: Snowflake;
    content: string;
    matchedKeyword: string | null;
    matchedContent: string | null;
  }

  interface CommandPermissionsEvent {
    /** The command's, or the application's for all of its commands. */
    id: Snowflake;
    applicationId: Snowflake;
    guildId: Snowflake;
    /** `type`: 1 role, 2 user, 3 channel. */
    permissions: { id: Snowflake; type: number; permission: boolean }[];
  }
}
