// What a Flora script can use without importing anything, besides the
// ECMAScript built-ins. Everything in the namespace `flora` is also a global,
// values and types alike: `on` is `flora.on`.
//
// Ids are decimal strings. Functions that talk to Discord or to storage answer
// promises; they reject with a FloraError. Scripts type-check with
// `"lib": ["ES2023"]`; there is no DOM and no Node.
/// <reference lib="esnext.disposable" />

import on = flora.on;
import onComponent = flora.onComponent;
import onModal = flora.onModal;
import cron = flora.cron;
import prefix = flora.prefix;
import slash = flora.slash;
import subcommand = flora.subcommand;
import helpCommand = flora.helpCommand;
import createBot = flora.createBot;
import registerSlashCommands = flora.registerSlashCommands;
import flattenCommands = flora.flattenCommands;
import flattenInteractionOptions = flora.flattenInteractionOptions;
import handleSubcommand = flora.handleSubcommand;
import hasRole = flora.hasRole;
import getSubcommand = flora.getSubcommand;
import getSubcommandGroup = flora.getSubcommandGroup;
import embed = flora.embed;
import EmbedBuilder = flora.EmbedBuilder;
import ActionRowBuilder = flora.ActionRowBuilder;
import ButtonBuilder = flora.ButtonBuilder;
import InputTextBuilder = flora.InputTextBuilder;
import SelectMenuBuilderBase = flora.SelectMenuBuilderBase;
import StringSelectMenuBuilder = flora.StringSelectMenuBuilder;
import UserSelectMenuBuilder = flora.UserSelectMenuBuilder;
import RoleSelectMenuBuilder = flora.RoleSelectMenuBuilder;
import MentionableSelectMenuBuilder = flora.MentionableSelectMenuBuilder;
import ChannelSelectMenuBuilder = flora.ChannelSelectMenuBuilder;
import SectionBuilder = flora.SectionBuilder;
import TextDisplayBuilder = flora.TextDisplayBuilder;
import ThumbnailBuilder = flora.ThumbnailBuilder;
import MediaGalleryBuilder = flora.MediaGalleryBuilder;
import FileBuilder = flora.FileBuilder;
import SeparatorBuilder = flora.SeparatorBuilder;
import ContainerBuilder = flora.ContainerBuilder;
import LabelBuilder = flora.LabelBuilder;
import FileUploadBuilder = flora.FileUploadBuilder;
import actionRow = flora.actionRow;
import button = flora.button;
import stringSelect = flora.stringSelect;
import inputText = flora.inputText;
import userSelect = flora.userSelect;
import roleSelect = flora.roleSelect;
import mentionableSelect = flora.mentionableSelect;
import channelSelect = flora.channelSelect;
import section = flora.section;
import textDisplay = flora.textDisplay;
import thumbnail = flora.thumbnail;
import mediaGallery = flora.mediaGallery;
import file = flora.file;
import separator = flora.separator;
import container = flora.container;
import label = flora.label;
import fileUpload = flora.fileUpload;
import ButtonStyle = flora.ButtonStyle;
import ButtonStyles = flora.ButtonStyles;
import InputTextStyle = flora.InputTextStyle;
import InputTextStyles = flora.InputTextStyles;
import ComponentType = flora.ComponentType;
import MessageFlags = flora.MessageFlags;
import PermissionFlags = flora.PermissionFlags;
import parseDuration = flora.parseDuration;
import formatDuration = flora.formatDuration;
import KvStore = flora.KvStore;
import store = flora.store;
import kv = flora.kv;
import secrets = flora.secrets;
import rest = flora.rest;

// ------------------------------------------------------------------ Deno's

// Everything else of Deno's namespace exists and throws Deno.errors.NotCapable.
declare namespace Deno {
  /** The server's variables, and placeholders of its secrets. */
  const env: {
    get(name: string): string | undefined;
    has(name: string): boolean;
    toObject(): Record<string, string>;
    /** Throws: variables are set from outside. */
    set(name: string, value: string): void;
    /** Throws: variables are set from outside. */
    delete(name: string): void;
  };
}

// ------------------------------------------------------------------ the web's

/** Lines in the guild's log, at most 16 KiB each. */
interface Console {
  log(...data: any[]): void;
  info(...data: any[]): void;
  debug(...data: any[]): void;
  warn(...data: any[]): void;
  error(...data: any[]): void;
  /** With the stack of the call. */
  trace(...data: any[]): void;
  assert(condition?: boolean, ...data: any[]): void;
  dir(item?: any, options?: Deno.InspectOptions): void;
  dirxml(...data: any[]): void;
  /** Up to 100 rows. */
  table(data?: any, columns?: string[]): void;
  count(label?: string): void;
  countReset(label?: string): void;
  group(...data: any[]): void;
  groupCollapsed(...data: any[]): void;
  groupEnd(): void;
  time(label?: string): void;
  timeLog(label?: string, ...data: any[]): void;
  timeEnd(label?: string): void;
  /** Ends all groups; a log stays. */
  clear(): void;
  /** For profilers: nothing. */
  timeStamp(label?: string): void;
  profile(label?: string): void;
  profileEnd(label?: string): void;
}
declare var console: Console;

/** Milliseconds, at least 1; at most 512 timers of a script wait at once (RangeError). */
declare function setTimeout(callback: (...args: any[]) => unknown, ms?: number): number;
declare function setTimeout<A extends unknown[]>(callback: (...args: A) => unknown, ms: number | undefined, ...args: A): number;
declare function setInterval(callback: (...args: any[]) => unknown, ms?: number): number;
declare function setInterval<A extends unknown[]>(callback: (...args: A) => unknown, ms: number | undefined, ...args: A): number;
declare function clearTimeout(id?: number): void;
declare function clearInterval(id?: number): void;
declare function queueMicrotask(callback: () => void): void;
