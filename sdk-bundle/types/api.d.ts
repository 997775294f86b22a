// Discord's objects as `rest` answers them: with its own names. What is not
// named here is there too.

declare namespace flora {
  interface ApiUser {
    id: Snowflake;
    username: string;
    discriminator: string;
    global_name: string | null;
    avatar: string | null;
    bot?: boolean;
    [more: string]: any;
  }
  interface ApiMember {
    user: ApiUser;
    nick: string | null;
    avatar: string | null;
    roles: Snowflake[];
    joined_at: string;
    premium_since: string | null;
    deaf: boolean;
    mute: boolean;
    pending: boolean;
    flags: number;
    communication_disabled_until: string | null;
    [more: string]: any;
  }
  interface ApiRole {
    id: Snowflake;
    name: string;
    color: number;
    position: number;
    /** A decimal string: more bits than a number has. */
    permissions: string;
    hoist: boolean;
    managed: boolean;
    mentionable: boolean;
    [more: string]: any;
  }
  interface ApiGuild {
    id: Snowflake;
    name: string;
    description: string | null;
    icon: string | null;
    approximate_member_count?: number;
    [more: string]: any;
  }
  interface ApiChannel {
    id: Snowflake;
    type: number;
    guild_id?: Snowflake;
    name: string;
    parent_id: Snowflake | null;
    [more: string]: any;
  }
  interface ApiThreadMember {
    id: Snowflake;
    user_id: Snowflake;
    join_timestamp: string;
    flags: number;
    member?: ApiMember;
  }
  interface ApiThreads {
    threads: ApiChannel[];
    members: ApiThreadMember[];
    has_more?: boolean;
  }
  interface ApiPins {
    items: { pinned_at: string; message: ApiMessage }[];
    has_more: boolean;
  }
  interface ApiPollVoters {
    users: ApiUser[];
  }
  interface ApiBan {
    reason: string | null;
    user: ApiUser;
  }
  interface ApiInvite {
    code: string;
    type: number;
    guild?: ApiGuild;
    channel: { id: Snowflake; name: string | null; type: number };
    inviter?: ApiUser;
    expires_at: string | null;
    uses?: number;
    max_uses?: number;
    max_age?: number;
    temporary?: boolean;
    [more: string]: any;
  }
  interface ApiWebhook {
    id: Snowflake;
    type: number;
    channel_id: Snowflake | null;
    name: string | null;
    avatar: string | null;
    token?: string;
    url?: string;
    [more: string]: any;
  }
  interface ApiCommand {
    id: Snowflake;
    application_id: Snowflake;
    type: number;
    name: string;
    description: string;
    [more: string]: any;
  }
  interface ApiEmoji {
    id: Snowflake;
    name: string;
    roles: Snowflake[];
    animated: boolean;
    available: boolean;
    [more: string]: any;
  }
  interface ApiSticker {
    id: Snowflake;
    name: string;
    description: string | null;
    tags: string;
    format_type: number;
    [more: string]: any;
  }
  interface ApiSound {
    sound_id: Snowflake;
    name: string;
    volume: number;
    emoji_id: Snowflake | null;
    emoji_name: string | null;
    [more: string]: any;
  }
  interface ApiScheduledEvent {
    id: Snowflake;
    name: string;
    description: string | null;
    channel_id: Snowflake | null;
    scheduled_start_time: string;
    scheduled_end_time: string | null;
    status: number;
    entity_type: number;
    user_count?: number;
    [more: string]: any;
  }
  interface ApiAutoModerationRule {
    id: Snowflake;
    name: string;
    event_type: number;
    trigger_type: number;
    trigger_metadata: Record<string, any>;
    actions: { type: number; metadata?: Record<string, any> }[];
    enabled: boolean;
    exempt_roles: Snowflake[];
    exempt_channels: Snowflake[];
    [more: string]: any;
  }
  interface ApiAuditLog {
    audit_log_entries: {
      id: Snowflake;
      action_type: number;
      user_id: Snowflake | null;
      target_id: Snowflake | null;
      reason?: string;
      changes?: { key: string; old_value?: any; new_value?: any }[];
      [more: string]: any;
    }[];
    users: ApiUser[];
    [more: string]: any;
  }
  interface ApiIntegration {
    id: Snowflake;
    name: string;
    type: string;
    [more: string]: any;
  }
  interface ApiVoiceRegion {
    id: string;
    name: string;
    optimal: boolean;
    deprecated: boolean;
    custom: boolean;
  }
  interface ApiVoiceState {
    user_id: Snowflake;
    channel_id: Snowflake | null;
    session_id: string;
    deaf: boolean;
    mute: boolean;
    self_deaf: boolean;
    self_mute: boolean;
    suppress: boolean;
    request_to_speak_timestamp: string | null;
    [more: string]: any;
  }
  interface ApiStage {
    id: Snowflake;
    guild_id: Snowflake;
    channel_id: Snowflake;
    topic: string;
    privacy_level: number;
    [more: string]: any;
  }
  interface ApiWidgetSettings {
    enabled: boolean;
    channel_id: Snowflake | null;
  }
  interface ApiWidget {
    id: Snowflake;
    name: string;
    instant_invite: string | null;
    presence_count: number;
    [more: string]: any;
  }
  interface ApiWelcomeScreen {
    description: string | null;
    welcome_channels: { channel_id: Snowflake; description: string; emoji_id: Snowflake | null; emoji_name: string | null }[];
  }
  interface ApiOnboarding {
    guild_id: Snowflake;
    prompts: Record<string, any>[];
    default_channel_ids: Snowflake[];
    enabled: boolean;
    [more: string]: any;
  }
  interface ApiIncidents {
    invites_disabled_until: string | null;
    dms_disabled_until: string | null;
  }
  interface ApiTemplate {
    code: string;
    name: string;
    description: string | null;
    usage_count: number;
    is_dirty: boolean | null;
    [more: string]: any;
  }
}
