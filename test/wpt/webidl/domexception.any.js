// META: title=DOMException, by the Web IDL standard
test(() => {
  const e = new DOMException();
  assert_equals(e.name, "Error");
  assert_equals(e.message, "");
  assert_equals(e.code, 0);
  assert_true(e instanceof Error);
  assert_class_string(e, "DOMException");
  assert_not_own_property(e, "name");
  assert_not_own_property(e, "message");
  assert_own_property(e, "stack");
  assert_equals(Object.getPrototypeOf(DOMException.prototype), Error.prototype);
}, "defaults");
test(() => {
  const names = "IndexSizeError,,HierarchyRequestError,WrongDocumentError,InvalidCharacterError,,NoModificationAllowedError,NotFoundError,NotSupportedError,InUseAttributeError,InvalidStateError,SyntaxError,InvalidModificationError,NamespaceError,InvalidAccessError,,TypeMismatchError,SecurityError,NetworkError,AbortError,URLMismatchError,QuotaExceededError,TimeoutError,InvalidNodeTypeError,DataCloneError".split(",");
  names.forEach((name, i) => name && assert_equals(new DOMException("m", name).code, i + 1, name));
  for (const name of ["EncodingError", "NotReadableError", "UnknownError", "__proto__", "toString"]) assert_equals(new DOMException("m", name).code, 0, name);
}, "codes by name");
test(() => {
  assert_equals(DOMException.DATA_CLONE_ERR, 25);
  assert_equals(new DOMException().INDEX_SIZE_ERR, 1);
  assert_equals(DOMException.VALIDATION_ERR, 16);
  assert_equals(Object.keys(DOMException).length, 25);
}, "constants");
test(() => {
  assert_equals(String(new DOMException("m", "N")), "N: m");
  assert_equals(new DOMException(undefined, undefined).name, "Error");
  assert_equals(new DOMException(null, null).message, "null");
  assert_throws_js(TypeError, () => DOMException("x"));
  assert_throws_js(TypeError, () => Object.getOwnPropertyDescriptor(DOMException.prototype, "name").get.call({}));
  assert_true(new DOMException("m", "AbortError").stack.startsWith("AbortError: m"));
}, "texts");
