// Errors as ops give them to scripts.

export class Refusal extends Error {
  code: string;
  discordCode: number | undefined;
  status: number | undefined;
  details: object | undefined;

  constructor(code: string, message: string, discordCode?: number, status?: number) {
    super(message);
    this.code = code;
    this.discordCode = discordCode;
    this.status = status;
  }

  /** Adds members that the error of the script has too. */
  with(details: object): this {
    this.details = details;
    return this;
  }

  /** The document that the SDK makes an error of. */
  document(): object {
    return { class: this.code === "INVALID_INPUT" ? "TypeError" : "Error", message: this.message, code: this.code, discord_code: this.discordCode, status: this.status, ...this.details };
  }
}

/** Discord's own refusal. */
export function refused(status: number, discordCode: number, message: string): Refusal {
  return new Refusal("DISCORD_HTTP_ERROR", `Discord HTTP error (${status}): ${message}`, discordCode, status);
}
