// DOMException, by the Web IDL standard.
import { ErrorCtor, NumberOf, dict, hide, indexOf, slice, split } from "./primordials";
import { constants, expose, usv } from "./webidl";

const codes = dict<number>();
const names =
  "IndexSizeError INDEX_SIZE_ERR 1,HierarchyRequestError HIERARCHY_REQUEST_ERR 3,WrongDocumentError WRONG_DOCUMENT_ERR 4,InvalidCharacterError INVALID_CHARACTER_ERR 5," +
  "NoModificationAllowedError NO_MODIFICATION_ALLOWED_ERR 7,NotFoundError NOT_FOUND_ERR 8,NotSupportedError NOT_SUPPORTED_ERR 9,InUseAttributeError INUSE_ATTRIBUTE_ERR 10," +
  "InvalidStateError INVALID_STATE_ERR 11,SyntaxError SYNTAX_ERR 12,InvalidModificationError INVALID_MODIFICATION_ERR 13,NamespaceError NAMESPACE_ERR 14," +
  "InvalidAccessError INVALID_ACCESS_ERR 15,TypeMismatchError TYPE_MISMATCH_ERR 17,SecurityError SECURITY_ERR 18,NetworkError NETWORK_ERR 19,AbortError ABORT_ERR 20," +
  "URLMismatchError URL_MISMATCH_ERR 21,QuotaExceededError QUOTA_EXCEEDED_ERR 22,TimeoutError TIMEOUT_ERR 23,InvalidNodeTypeError INVALID_NODE_TYPE_ERR 24,DataCloneError DATA_CLONE_ERR 25";

let isException: (v: unknown) => boolean;

export class DOMException extends ErrorCtor {
  #message: string;
  #name: string;

  static {
    isException = (v) => v !== null && typeof v === "object" && #message in v;
  }

  constructor(message: unknown = "", name: unknown = "Error") {
    super();
    this.#message = usv(message);
    this.#name = usv(name);
    // V8 made its first line before there was a name and a message.
    const { stack } = this;
    if (typeof stack !== "string") return;
    const frames = indexOf(stack, "\n    at ");
    hide(this, "stack", `${this.#name}: ${this.#message}${frames < 0 ? "" : slice(stack, frames)}`);
  }
  override get name(): string {
    return this.#name;
  }
  override get message(): string {
    return this.#message;
  }
  get code(): number {
    return codes[this.#name] ?? 0;
  }
}
expose(DOMException, "DOMException");

// Words that the standard gave numbers before it gave names.
const numbers = dict<number>();
const rows = split(names, ",");
for (let i = 0; i < rows.length; i++) {
  const row = split(rows[i]!, " ");
  codes[row[0]!] = NumberOf(row[2]);
  numbers[row[1]!] = NumberOf(row[2]);
}
constants(DOMException, { ...numbers, DOMSTRING_SIZE_ERR: 2, NO_DATA_ALLOWED_ERR: 6, VALIDATION_ERR: 16 });

export function isDOMException(v: unknown): v is DOMException {
  return isException(v);
}
