// The answers to one interaction. Discord takes exactly one first answer; what
// comes later are follow-ups and edits, and only once the first has arrived.
// All contexts of one event share one conversation.
import { startOp } from "./host";
import { ErrorCtor, NumberOf, add, list } from "./primordials";

export type Options = Record<string, any>;
type Outcome = [resolve: (v: any) => void, reject: (e: unknown) => void];

const ephemeralFlag = 64;
/** Discord's code for "Interaction has already been acknowledged". */
const acknowledged = 40060;
/** Discord's code for "Unknown Webhook": what it says of an interaction that nobody has answered. */
const unanswered = 10015;

/** Folds `ephemeral` into the flags. */
export function flagged(o: Options): Options {
  const { ephemeral, ...rest } = o;
  return ephemeral ? { ...rest, flags: NumberOf(rest.flags ?? 0) | ephemeralFlag } : rest;
}

/** An edit cannot change who sees the message. */
function visible(o: Options): Options {
  const { ephemeral: _, ...rest } = o;
  const { flags } = rest;
  return typeof flags === "number" || typeof flags === "bigint" ? { ...rest, flags: NumberOf(flags) & ~ephemeralFlag } : rest;
}

const open = 0; // Nothing was answered.
const deferred = 1; // "thinking ..." shows; the first reply replaces it.
const answered = 2;

export class Conversation {
  #id: unknown;
  #token: string;
  #onMessage: boolean; // The interaction came from a message's component.
  #state = open;
  #busy = false; // An answer is under way whose outcome decides what the next one is.
  #queue = list<() => void>();

  constructor(id: unknown, token: string, onMessage: boolean) {
    this.#id = id;
    this.#token = token;
    this.#onMessage = onMessage;
  }

  reply(o: Options, out: Outcome): void {
    this.#turn(() => {
      if (this.#state === open) this.#answer("op_send_interaction_response", flagged(o), answered, out, () => this.followUp(o, out));
      else if (this.#state === deferred) this.#original(o, out);
      else this.#followUp(o, out);
    });
  }

  followUp(o: Options, out: Outcome): void {
    this.#turn(() => this.#followUp(o, out));
  }

  edit(o: Options, out: Outcome): void {
    this.#turn(() => {
      if (this.#state === open && this.#onMessage) this.#update(o, out);
      else this.#original(o, out);
    });
  }

  update(o: Options, out: Outcome): void {
    this.#turn(() => {
      if (this.#state === open) this.#update(o, out);
      else this.#original(o, out);
    });
  }

  defer(o: Options, out: Outcome): void {
    this.#only("defer", "op_defer_interaction_response", { ephemeral: o.ephemeral === true, flags: o.flags }, deferred, out);
  }

  deferUpdate(out: Outcome): void {
    this.#only("deferUpdate", "op_defer_interaction_update", {}, answered, out);
  }

  showModal(modal: unknown, out: Outcome): void {
    this.#only("showModal", "op_show_modal", { modal }, answered, out);
  }

  /** The answer to an option that completes itself. */
  complete(choices: unknown[], out: Outcome): void {
    this.#only("respond", "op_send_autocomplete_result", { choices }, answered, out);
  }

  deleteReply(out: Outcome): void {
    this.#turn(() => startOp("op_delete_original_interaction_response", { token: this.#token }, out[0], this.#early("deleteReply", out)));
  }

  /** Answers in place of a handler that failed before it did; whatever comes of it, then is called. */
  apologize(text: string, then: () => void): void {
    this.#turn(() => {
      const o = { content: text, flags: ephemeralFlag };
      if (this.#state === open) this.#answer("op_send_interaction_response", o, answered, [then, then], then);
      else if (this.#state === deferred) this.#original({ content: text }, [then, then]);
      else then();
    });
  }

  /** Another message; while the answer is deferred Discord puts it in its place. */
  #followUp(o: Options, out: Outcome): void {
    const args = { token: this.#token, ...flagged(o) };
    if (this.#state === deferred) this.#first("op_create_followup_message", args, answered, out, undefined);
    else startOp("op_create_followup_message", args, out[0], this.#early("followUp", out));
  }

  /**
   * Rejects with what Discord said, and says why if this comes before any
   * answer. It is asked nevertheless: the script may have answered through rest.
   */
  #early(what: string, out: Outcome): (e: any) => void {
    if (this.#state !== open) return out[1];
    return (e) => {
      if (e?.discord_code === unanswered) e.message = `${what}: this interaction is not answered yet; use reply or defer first (${e.message})`;
      out[1](e);
    };
  }

  #update(o: Options, out: Outcome): void {
    this.#answer("op_update_interaction_response", visible(o), answered, out, () => this.edit(o, out));
  }

  /** Edits the first answer; while it is deferred this is what ends that. */
  #original(o: Options, out: Outcome): void {
    const args = { token: this.#token, ...visible(o) };
    if (this.#state === deferred) this.#first("op_edit_original_interaction_response", args, answered, out, undefined);
    else startOp("op_edit_original_interaction_response", args, out[0], this.#early("edit", out));
  }

  /** What can only be the first answer. */
  #only(what: string, op: string, o: Options, next: number, out: Outcome): void {
    this.#turn(() => {
      if (this.#state === open) this.#answer(op, o, next, out, undefined);
      else out[1](new ErrorCtor(`${what}: this interaction is already answered; use followUp or edit`));
    });
  }

  #answer(op: string, o: Options, next: number, out: Outcome, already: (() => void) | undefined): void {
    this.#first(op, { interactionId: this.#id, token: this.#token, ...o }, next, out, already);
  }

  /**
   * Sends an answer that the later ones wait for. One that fails leaves the
   * interaction as it was, so that the script can answer with its apology;
   * already runs instead of failing when the script has answered through rest.
   */
  #first(op: string, args: Options, next: number, out: Outcome, already: (() => void) | undefined): void {
    this.#busy = true;
    startOp(
      op,
      args,
      (v) => {
        this.#settle(next);
        out[0](v);
      },
      (e: any) => {
        const twice = e?.discord_code === acknowledged;
        this.#settle(twice ? answered : this.#state);
        if (twice && already !== undefined) already();
        else out[1](e);
      },
    );
  }

  #turn(f: () => void): void {
    if (this.#busy) add(this.#queue, f);
    else f();
  }

  #settle(state: number): void {
    this.#state = state;
    this.#busy = false;
    const waiting = this.#queue;
    this.#queue = list();
    for (let i = 0; i < waiting.length; i++) this.#turn(waiting[i]!);
  }
}
