// The declarations are what the SDK's sources really export: every value that
// is declared exists with a type that the declaration may promise, and every
// value that exists is declared.
import { flora as real, globals, type surface } from "../src/index";

type Declared = typeof flora;

// Nothing is missing on either side.
type Missing = Exclude<keyof Declared, keyof typeof real>;
type Undeclared = Exclude<keyof typeof real, keyof Declared>;
const nothingIsMissing: [Missing] extends [never] ? true : Missing = true;
const nothingIsUndeclared: [Undeclared] extends [never] ? true : Undeclared = true;

// Every global alias is there: an alias that is missing is an error of its own
// where it is used, so this only needs the names.
type Globals = keyof typeof surface | keyof typeof globals;
const aliases: Record<Globals, unknown> = {
  on,
  onComponent,
  onModal,
  cron,
  schedule,
  secrets,
  rest,
  kv,
  store,
  KvStore,
  embed,
  EmbedBuilder,
  prefix,
  slash,
  subcommand,
  helpCommand,
  createBot,
  registerSlashCommands,
  flattenCommands,
  flattenInteractionOptions,
  handleSubcommand,
  hasRole,
  getSubcommand,
  getSubcommandGroup,
  ActionRowBuilder,
  ButtonBuilder,
  InputTextBuilder,
  SelectMenuBuilderBase,
  StringSelectMenuBuilder,
  UserSelectMenuBuilder,
  RoleSelectMenuBuilder,
  MentionableSelectMenuBuilder,
  ChannelSelectMenuBuilder,
  SectionBuilder,
  TextDisplayBuilder,
  ThumbnailBuilder,
  MediaGalleryBuilder,
  FileBuilder,
  SeparatorBuilder,
  ContainerBuilder,
  LabelBuilder,
  FileUploadBuilder,
  actionRow,
  button,
  stringSelect,
  inputText,
  userSelect,
  roleSelect,
  mentionableSelect,
  channelSelect,
  section,
  textDisplay,
  thumbnail,
  mediaGallery,
  file,
  separator,
  container,
  label,
  fileUpload,
  ButtonStyle,
  ButtonStyles,
  InputTextStyle,
  InputTextStyles,
  ComponentType,
  MessageFlags,
  PermissionFlags,
  parseDuration,
  formatDuration,
  console,
  fetch,
  setTimeout,
  setInterval,
  clearTimeout,
  clearInterval,
  queueMicrotask,
  Headers,
  Request,
  Response,
  AbortController,
  AbortSignal,
  DOMException,
  Event,
  EventTarget,
  CustomEvent,
  ErrorEvent,
  PromiseRejectionEvent,
  MessageEvent,
  addEventListener,
  removeEventListener,
  dispatchEvent,
  reportError,
  structuredClone,
  MessageChannel,
  MessagePort,
  performance,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  navigator,
  Navigator,
  ReadableStream,
  ReadableStreamDefaultReader,
  ReadableStreamBYOBReader,
  ReadableStreamDefaultController,
  ReadableByteStreamController,
  ReadableStreamBYOBRequest,
  WritableStream,
  WritableStreamDefaultWriter,
  WritableStreamDefaultController,
  TransformStream,
  TransformStreamDefaultController,
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  TextEncoderStream,
  TextDecoderStream,
  CompressionStream,
  DecompressionStream,
  Blob,
  File,
  FormData,
  URL,
  URLSearchParams,
  URLPattern,
  TextEncoder,
  TextDecoder,
  atob,
  btoa,
  crypto,
  Crypto,
  CryptoKey,
  SubtleCrypto,
  Deno,
};

// The sources' types are wider in places (any), never narrower.
const values: { [K in Exclude<keyof Declared, "rest" | "KvStore" | "ButtonStyle" | "ButtonStyles" | "InputTextStyle" | "InputTextStyles" | "ComponentType" | "MessageFlags">]: unknown } &
  Pick<Declared, Instances | Functions> = real;
type Functions = "actionRow" | "button" | "embed" | "stringSelect" | "userSelect" | "section" | "container" | "label" | "hasRole" | "getSubcommand" | "getSubcommandGroup" | "flattenInteractionOptions" | "createBot" | "handleSubcommand" | "store" | "kv" | "secrets" | "on" | "cron";
type Instances =
  | "EmbedBuilder"
  | "SelectMenuBuilderBase"
  | "StringSelectMenuBuilder"
  | "UserSelectMenuBuilder"
  | "RoleSelectMenuBuilder"
  | "MentionableSelectMenuBuilder"
  | "ChannelSelectMenuBuilder"
  | "ActionRowBuilder"
  | "ButtonBuilder"
  | "InputTextBuilder"
  | "SectionBuilder"
  | "TextDisplayBuilder"
  | "ThumbnailBuilder"
  | "MediaGalleryBuilder"
  | "FileBuilder"
  | "SeparatorBuilder"
  | "ContainerBuilder"
  | "LabelBuilder"
  | "FileUploadBuilder";

const declaredConsole: Console = globals.console;
const realTimeout: typeof setTimeout = globals.setTimeout;
export { aliases, declaredConsole, nothingIsMissing, nothingIsUndeclared, realTimeout, values };
