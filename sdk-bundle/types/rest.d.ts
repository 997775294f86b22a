// Discord's REST API.

declare namespace flora {
  interface InChannel {
    channelId: Snowflake;
  }
  interface OnMessage extends InChannel {
    messageId: Snowflake;
  }
  /** The script's own guild, which is also what its absence means. */
  interface InGuild {
    guildId?: Snowflake;
  }
  interface Reasoned {
    /** For the audit log, up to 512 characters. */
    reason?: string;
  }
  interface WithToken {
    token: string;
  }
  interface FirstAnswer extends WithToken {
    interactionId: Snowflake;
  }
  interface OnMember extends InGuild {
    userId: Snowflake;
  }
  interface OnCommand extends InGuild {
    commandId: Snowflake;
  }
  interface WithPayload {
    /** Discord's JSON body. */
    payload: Record<string, any>;
  }

  /**
   * Discord's REST API, confined to the guild. Objects in answers have
   * Discord's snake_case names.
   */
  interface Rest {
    sendMessage(args: InChannel & ReplyOptions): Promise<ApiMessage>;
    editMessage(args: OnMessage & MessageBody): Promise<ApiMessage>;
    deleteMessage(args: OnMessage & Reasoned): Promise<void>;
    /** 1 to 100 messages, none older than two weeks. */
    bulkDeleteMessages(args: InChannel & { messageIds: Snowflake[] } & Reasoned): Promise<void>;
    pinMessage(args: OnMessage & Reasoned): Promise<void>;
    unpinMessage(args: OnMessage & Reasoned): Promise<void>;
    crosspostMessage(args: OnMessage): Promise<ApiMessage>;
    fetchMessage(args: OnMessage): Promise<ApiMessage>;
    /** Up to 100; one of before, after and around. */
    fetchMessages(args: InChannel & { limit?: number; before?: Snowflake; after?: Snowflake; around?: Snowflake }): Promise<ApiMessage[]>;
    addReaction(args: OnMessage & { emoji: string | Emoji }): Promise<void>;
    /** Without userId the bot's own. */
    removeReaction(args: OnMessage & { emoji: string | Emoji; userId?: Snowflake }): Promise<void>;
    /** Without emoji all. */
    clearReactions(args: OnMessage & { emoji?: string | Emoji }): Promise<void>;

    sendInteractionResponse(args: FirstAnswer & ReplyOptions): Promise<ApiMessage>;
    deferInteractionResponse(args: FirstAnswer & { ephemeral?: boolean; flags?: number }): Promise<void>;
    updateInteractionResponse(args: FirstAnswer & MessageBody): Promise<ApiMessage>;
    deferInteractionUpdate(args: FirstAnswer): Promise<void>;
    showModal(args: FirstAnswer & { modal: Built<Modal> }): Promise<void>;
    sendAutocompleteResult(args: FirstAnswer & { choices: { name: string; value: string | number }[] }): Promise<void>;
    fetchOriginalInteractionResponse(args: WithToken): Promise<ApiMessage>;
    editOriginalInteractionResponse(args: WithToken & MessageBody): Promise<ApiMessage>;
    deleteOriginalInteractionResponse(args: WithToken): Promise<void>;
    createFollowupMessage(args: WithToken & ReplyOptions): Promise<ApiMessage>;
    fetchFollowupMessage(args: WithToken & { messageId: Snowflake }): Promise<ApiMessage>;
    editFollowupMessage(args: WithToken & { messageId: Snowflake } & MessageBody): Promise<ApiMessage>;
    deleteFollowupMessage(args: WithToken & { messageId: Snowflake }): Promise<void>;

    /** Replaces all commands of the guild. */
    upsertGuildCommands(args: InGuild & { commands: FlattenedSlashCommand[] }): Promise<any[]>;
    createGuildCommand(args: InGuild & { command: FlattenedSlashCommand }): Promise<any>;
    editGuildCommand(args: OnCommand & { command: Partial<FlattenedSlashCommand> }): Promise<any>;
    deleteGuildCommand(args: OnCommand): Promise<void>;
    getGuildCommands(args?: InGuild): Promise<any[]>;
    getGuildCommand(args: OnCommand): Promise<any>;
    editGuildCommandPermissions(args: OnCommand & { permissions: any }): Promise<any>;
    getGuildCommandsPermissions(args?: InGuild): Promise<any[]>;
    getGuildCommandPermissions(args: OnCommand): Promise<any>;

    fetchGuild(args?: InGuild & { withCounts?: boolean }): Promise<any>;
    fetchRoles(args?: InGuild): Promise<any[]>;
    fetchMember(args: OnMember): Promise<any>;
    fetchMembers(args?: InGuild & { limit?: number; after?: Snowflake }): Promise<any[]>;
    kickMember(args: OnMember & Reasoned): Promise<void>;
    /** deleteMessageSeconds: 0 (the default) to 604800. */
    banMember(args: OnMember & { deleteMessageSeconds?: number } & Reasoned): Promise<void>;
    unbanMember(args: OnMember & Reasoned): Promise<void>;
    addMemberRole(args: OnMember & { roleId: Snowflake } & Reasoned): Promise<void>;
    removeMemberRole(args: OnMember & { roleId: Snowflake } & Reasoned): Promise<void>;
    editMember(args: OnMember & WithPayload & Reasoned): Promise<any>;
    editCurrentMember(args: InGuild & WithPayload & Reasoned): Promise<any>;

    fetchChannel(args: InChannel): Promise<any>;
    fetchChannels(args?: InGuild): Promise<any[]>;
    createChannel(args: InGuild & WithPayload & Reasoned): Promise<any>;
    editChannel(args: InChannel & WithPayload & Reasoned): Promise<any>;
    deleteChannel(args: InChannel & Reasoned): Promise<any>;
    createThread(args: InChannel & WithPayload & Reasoned): Promise<any>;
    createThreadFromMessage(args: OnMessage & WithPayload & Reasoned): Promise<any>;
    joinThread(args: { threadId: Snowflake }): Promise<void>;
    leaveThread(args: { threadId: Snowflake }): Promise<void>;
    addThreadMember(args: { threadId: Snowflake; userId: Snowflake }): Promise<void>;
    removeThreadMember(args: { threadId: Snowflake; userId: Snowflake }): Promise<void>;

    /** Answers the message with `wait`, else `null`. */
    executeWebhook(
      args: WithToken & {
        webhookId: Snowflake;
        wait?: boolean;
        threadId?: Snowflake;
        withComponents?: boolean;
        username?: string;
        avatarUrl?: string;
        threadName?: string;
      } & ReplyOptions,
    ): Promise<ApiMessage | null>;
    editWebhook(args: { webhookId: Snowflake; token?: string } & WithPayload & Reasoned): Promise<any>;
    deleteWebhook(args: { webhookId: Snowflake; token?: string } & Reasoned): Promise<void>;
  }

  const rest: Rest;

  /** The id of the guild that the script runs in. */
  const guildId: Snowflake;
  /** The id of the bot's application. */
  const applicationId: Snowflake;
}
