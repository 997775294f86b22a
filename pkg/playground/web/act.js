// What a user does to the bot, and what they see of it at once. Messages come
// over the stream.
import { el } from "./dom.js";
import { fields } from "./components.js";
import { openDialog } from "./menu.js";
import { sim } from "./server.js";
import { state } from "./state.js";

/** Hooks of the chat, which shows what goes wrong. */
export const chat = {
  /** @type {(text: string) => void} */ notice: () => {},
  /** @type {(messageID: string, text: string) => void} */ failed: () => {},
  /** @type {(text: string) => void} */ status: () => {},
};

/**
 * act sends an interaction and gives its outcome, or null when it failed, which
 * the user is shown.
 * @param {any} action
 * @param {string} [messageID] the message below which a failure is shown
 */
export async function act(action, messageID) {
  const { guild, user, channel } = state;
  const complain = (/** @type {string} */ text) => (messageID ? chat.failed(messageID, text) : chat.notice(text));
  if (messageID) chat.failed(messageID, "");
  chat.status("Waiting for the bot");
  try {
    const out = await sim.interact(guild.id, { author: user, channel, ...action });
    if (out.type === "error") {
      complain(out.error);
      return null;
    }
    if (out.type === "modal") openModal(out.modal, guild.id, user);
    return out;
  } catch (err) {
    complain(/** @type {Error} */ (err).message);
    return null;
  } finally {
    chat.status("");
  }
}

/**
 * openModal shows the modal that an app answered with.
 * @param {any} modal
 * @param {string} guild
 * @param {string} author
 */
function openModal(modal, guild, author) {
  const problem = el("p.problem", { role: "alert" });
  const body = el("div.modal-body");
  const read = fields(modal.components, body);
  const submit = el("button.primary", { type: "submit" }, "Submit");
  const form = el("form", { on: { submit: async (/** @type {Event} */ e) => {
    e.preventDefault();
    problem.textContent = "";
    submit.disabled = true;
    try {
      const out = await sim.interact(guild, { author, modal: modal.custom_id, fields: await read() });
      if (out.type === "error") problem.textContent = `${out.error}. The form is not open any more; close it.`;
      else dialog.close();
    } catch (err) {
      problem.textContent = /** @type {Error} */ (err).message;
      submit.disabled = false;
    }
  } } }, body, problem, el("footer", null, el("button.secondary", { type: "button", on: { click: () => dialog.close() } }, "Cancel"), submit));
  const dialog = openDialog(modal.title, form);
  /** @type {HTMLElement | null} */ (form.querySelector("input, textarea, button.select"))?.focus();
}
