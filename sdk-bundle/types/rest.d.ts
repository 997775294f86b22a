// Discord's REST API.

declare namespace flora {
  interface InChannel {
    channelId: Id;
  }
  interface OnMessage extends InChannel {
    messageId: Id;
  }
  /** The script's own guild, which is also what its absence means. */
  interface InGuild {
    guildId?: Id;
  }
  interface Reasoned {
    /** For the audit log, up to 512 characters. */
    reason?: string;
  }
  interface WithToken {
    token: string;
  }
  interface FirstAnswer extends WithToken {
    interactionId: Id;
  }
  interface OnCommand extends InGuild {
    commandId: Id;
  }
  interface WithPayload {
    /** Discord's JSON body. */
    payload: Record<string, any>;
  }

  /**
   * Discord's REST API, confined to the guild. Objects in answers have
   * Discord's snake_case names; a `payload` is Discord's JSON body, with the
   * names in either spelling. The functions are declared at the end of this
   * text.
   */
  interface Rest {}

  const rest: Rest;

  /** The id of the guild that the script runs in. */
  const guildId: Snowflake;
  /** The id of the bot's application. */
  const applicationId: Snowflake;
  /** Where `Deno.serve` is reached from outside, with a slash at its end. */
  const endpoint: string;
}
