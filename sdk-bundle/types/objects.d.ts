// Discord's objects as events bring them: Discord's own fields, in camelCase.
// What Discord adds after this was written is there too, without a type.

declare namespace flora {
  /** A Discord id: a decimal text, never a number (it would lose digits). */
  type Snowflake = string;
  /** An id as functions take it. */
  type Id = Snowflake | bigint;

  interface User {
    id: Snowflake;
    username: string;
    /** The four digits of old bots; null for everybody who has none any more. */
    discriminator: number | string | null;
    bot: boolean;
    globalName?: string | null;
    avatar?: string | null;
    system?: boolean;
    banner?: string | null;
    accentColor?: number | null;
    /** Bits. */
    flags?: number;
    publicFlags?: number;
    avatarDecorationData?: AvatarDecoration | null;
    collectibles?: Record<string, unknown> | null;
    /** The server whose tag the user wears. */
    primaryGuild?: { identityGuildId: Snowflake | null; identityEnabled: boolean | null; tag: string | null; badge: string | null } | null;
  }

  interface AvatarDecoration {
    asset: string;
    skuId: Snowflake | null;
    expiresAt?: number | null;
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
    banner?: string | null;
    avatarDecorationData?: AvatarDecoration | null;
    collectibles?: Record<string, unknown> | null;
    unusualDmActivityUntil?: string | null;
  }

  /** A member as Discord writes it: what it leaves out is not there. */
  type RawMember = Partial<Omit<Member, "user">> & { user: User };

  interface Role {
    id: Snowflake;
    name: string;
    /** Permission bits as a decimal text. */
    permissions: string;
    position: number;
    color: number;
    colors?: { primaryColor: number; secondaryColor: number | null; tertiaryColor: number | null };
    hoist: boolean;
    managed: boolean;
    mentionable: boolean;
    description?: string | null;
    icon?: string | null;
    unicodeEmoji?: string | null;
    flags?: number;
    tags?: {
      botId?: Snowflake;
      integrationId?: Snowflake;
      /** These are null where they are true, and missing where they are not. */
      premiumSubscriber?: null;
      availableForPurchase?: null;
      guildConnections?: null;
      subscriptionListingId?: Snowflake;
    };
  }

  interface Emoji {
    id?: Snowflake | null;
    name: string | null;
    animated?: boolean;
  }

  /** An emoji of the guild. */
  interface GuildEmoji {
    id: Snowflake;
    name: string;
    roles: Snowflake[];
    user?: User;
    requireColons: boolean;
    managed: boolean;
    animated: boolean;
    available: boolean;
  }

  interface Sticker {
    id: Snowflake;
    name: string;
    description: string | null;
    tags: string;
    type: number;
    formatType: number;
    available?: boolean;
    guildId?: Snowflake;
    user?: User;
    asset?: string;
  }

  interface SoundboardSound {
    soundId: Snowflake;
    name: string;
    volume: number;
    emojiId: Snowflake | null;
    emojiName: string | null;
    guildId?: Snowflake;
    available: boolean;
    user?: User;
    userId?: Snowflake;
  }

  interface PermissionOverwrite {
    /** Of a role (type 0) or a member (type 1). */
    id: Snowflake;
    type: number;
    /** Permission bits as decimal texts. */
    allow: string;
    deny: string;
  }

  interface ForumTag {
    id: Snowflake;
    name: string;
    moderated: boolean;
    emojiId: Snowflake | null;
    emojiName: string | null;
  }

  interface Channel {
    id: Snowflake;
    /** 0 text, 2 voice, 4 category, 5 announcement, 13 stage, 15 forum, 16 media. */
    type: number;
    guildId: Snowflake;
    name: string;
    position: number;
    parentId?: Snowflake | null;
    topic?: string | null;
    nsfw?: boolean;
    flags?: number;
    lastMessageId?: Snowflake | null;
    lastPinTimestamp?: string | null;
    /** Seconds between two messages of a member. */
    rateLimitPerUser?: number;
    permissionOverwrites?: PermissionOverwrite[];
    bitrate?: number;
    userLimit?: number;
    rtcRegion?: string | null;
    videoQualityMode?: number;
    defaultAutoArchiveDuration?: number;
    defaultThreadRateLimitPerUser?: number;
    availableTags?: ForumTag[];
    defaultReactionEmoji?: { emojiId: Snowflake | null; emojiName: string | null } | null;
    defaultSortOrder?: number | null;
    defaultForumLayout?: number;
    defaultTagSetting?: string | null;
    version?: number;
  }

  /** The channel of an interaction. */
  type InteractionChannel = Partial<Channel> & { id: Snowflake; type: number; permissions?: string };

  interface Thread {
    id: Snowflake;
    /** 10 announcement, 11 public, 12 private. */
    type: number;
    guildId: Snowflake;
    /** The channel that the thread is in. */
    parentId: Snowflake;
    ownerId: Snowflake;
    name: string;
    threadMetadata: {
      archived: boolean;
      archiveTimestamp: string | null;
      createTimestamp?: string | null;
      /** Minutes. */
      autoArchiveDuration: number;
      locked: boolean;
      invitable?: boolean;
    };
    messageCount: number;
    memberCount: number;
    totalMessageSent: number;
    memberIdsPreview?: Snowflake[];
    lastMessageId?: Snowflake | null;
    lastPinTimestamp?: string | null;
    rateLimitPerUser?: number;
    /** Ids of the forum's tags. */
    appliedTags?: Snowflake[];
    flags?: number;
    /** The bot's own membership. */
    member?: ThreadMember;
  }

  interface ThreadMember {
    id?: Snowflake;
    userId?: Snowflake;
    joinTimestamp: string;
    flags: number;
    muted?: boolean;
    muteConfig?: unknown;
  }

  interface VoiceState {
    guildId: Snowflake;
    /** Null for somebody who left. */
    channelId: Snowflake | null;
    userId: Snowflake;
    member?: Member;
    sessionId: string;
    deaf: boolean;
    mute: boolean;
    selfDeaf: boolean;
    selfMute: boolean;
    selfVideo: boolean;
    selfStream?: boolean;
    suppress: boolean;
    requestToSpeakTimestamp: string | null;
  }

  interface StageInstance {
    id: Snowflake;
    guildId: Snowflake;
    channelId: Snowflake;
    topic: string;
    privacyLevel: number;
    discoverableDisabled: boolean;
    guildScheduledEventId: Snowflake | null;
  }

  interface ScheduledEvent {
    id: Snowflake;
    guildId: Snowflake;
    channelId: Snowflake | null;
    creatorId?: Snowflake | null;
    creator?: User;
    name: string;
    description?: string | null;
    image?: string | null;
    scheduledStartTime: string;
    scheduledEndTime: string | null;
    privacyLevel: number;
    /** 1 scheduled, 2 active, 3 completed, 4 canceled. */
    status: number;
    /** 1 stage, 2 voice, 3 somewhere else. */
    entityType: number;
    entityId: Snowflake | null;
    entityMetadata: { location?: string } | null;
    userCount?: number;
    recurrenceRule: RecurrenceRule | null;
    skuIds?: Snowflake[];
    autoStart?: boolean;
    guildScheduledEventExceptions?: Record<string, unknown>[];
  }

  interface RecurrenceRule {
    start: string;
    end: string | null;
    /** 0 yearly, 1 monthly, 2 weekly, 3 daily. */
    frequency: number;
    interval: number;
    byWeekday: number[] | null;
    byNWeekday: { n: number; day: number }[] | null;
    byMonth: number[] | null;
    byMonthDay: number[] | null;
    byYearDay: number[] | null;
    count: number | null;
  }

  interface AutoModerationAction {
    /** 1 block, 2 alert, 3 timeout, 4 block interaction. */
    type: number;
    metadata?: { channelId?: Snowflake; durationSeconds?: number; customMessage?: string };
  }

  interface AutoModerationRule {
    id: Snowflake;
    guildId: Snowflake;
    name: string;
    creatorId: Snowflake;
    eventType: number;
    /** 1 keyword, 3 spam, 4 Discord's lists, 5 mentions, 6 member profile. */
    triggerType: number;
    triggerMetadata: {
      keywordFilter?: string[];
      regexPatterns?: string[];
      presets?: number[];
      allowList?: string[];
      mentionTotalLimit?: number;
      mentionRaidProtectionEnabled?: boolean;
    };
    actions: AutoModerationAction[];
    enabled: boolean;
    exemptRoles: Snowflake[];
    exemptChannels: Snowflake[];
  }

  interface Entitlement {
    id: Snowflake;
    skuId: Snowflake;
    applicationId: Snowflake;
    userId?: Snowflake | null;
    guildId?: Snowflake | null;
    promotionId?: Snowflake | null;
    type: number;
    deleted: boolean;
    consumed?: boolean;
    startsAt: string | null;
    endsAt: string | null;
    subscriptionId?: Snowflake;
    giftCodeFlags?: number;
    fulfilledAt?: string | null;
    fulfillmentStatus?: number | null;
    gifterUserId?: Snowflake | null;
    parentId?: Snowflake | null;
  }

  interface Guild {
    id: Snowflake;
    guildId?: Snowflake;
    name: string;
    icon: string | null;
    iconHash?: string | null;
    description: string | null;
    homeHeader?: string | null;
    splash: string | null;
    discoverySplash: string | null;
    features: string[];
    banner: string | null;
    ownerId: Snowflake;
    applicationId: Snowflake | null;
    region?: string | null;
    afkChannelId: Snowflake | null;
    afkTimeout: number;
    systemChannelId: Snowflake | null;
    systemChannelFlags: number;
    widgetEnabled?: boolean;
    widgetChannelId?: Snowflake | null;
    verificationLevel: number;
    roles: Role[];
    defaultMessageNotifications: number;
    mfaLevel: number;
    explicitContentFilter: number;
    maxPresences?: number | null;
    maxMembers?: number;
    maxStageVideoChannelUsers?: number;
    maxVideoChannelUsers?: number;
    vanityUrlCode: string | null;
    premiumTier: number;
    premiumSubscriptionCount?: number;
    preferredLocale: string;
    rulesChannelId: Snowflake | null;
    safetyAlertsChannelId: Snowflake | null;
    publicUpdatesChannelId: Snowflake | null;
    premiumProgressBarEnabled: boolean;
    premiumProgressBarEnabledUserUpdatedAt?: string | null;
    nsfw?: boolean;
    nsfwLevel: number;
    emojis: GuildEmoji[];
    stickers?: Sticker[];
    incidentsData?: {
      invitesDisabledUntil: string | null;
      dmsDisabledUntil: string | null;
      dmSpamDetectedAt?: string | null;
      raidDetectedAt?: string | null;
    } | null;
    hubType?: number | null;
    latestOnboardingQuestionId?: Snowflake | null;
  }
}
