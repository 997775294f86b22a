// DOMException, as far as the web's classes throw it.
import { ErrorCtor, ObjectDefineProperty, StringOf, dict, hide, toStringTag } from "./primordials";

const codes = dict<number>();
codes.InvalidCharacterError = 5;
codes.InvalidStateError = 11;
codes.SyntaxError = 12;
codes.TypeMismatchError = 17;
codes.AbortError = 20;
codes.QuotaExceededError = 22;
codes.TimeoutError = 23;

export class DOMException extends ErrorCtor {
  constructor(message: unknown = "", name: unknown = "Error") {
    super(StringOf(message));
    hide(this, "name", StringOf(name));
  }
  get code(): number {
    return codes[this.name] ?? 0;
  }
}
ObjectDefineProperty(DOMException.prototype, toStringTag, { __proto__: null, value: "DOMException", configurable: true } as PropertyDescriptor);
