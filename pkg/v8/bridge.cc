#include "bridge.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <string>

#include "internal.h"

using namespace v8;

extern "C" void floraNative(uintptr_t handle, int index, double context, double a, double b, char* text, size_t len, char* raw, size_t raw_len, FloraResult* out);
extern "C" void floraTooLong(uintptr_t handle, int index, size_t characters, FloraResult* out);

char* flora_copy(const char* s, size_t len) {
  char* out = static_cast<char*>(malloc(len + 1));
  memcpy(out, s, len);
  out[len] = 0;
  return out;
}

FloraIsolate* flora_of(Isolate* isolate) { return static_cast<FloraIsolate*>(isolate->GetData(0)); }

static bool Entropy(unsigned char* buffer, size_t length) {
  while (length > 0) {
    ssize_t n = getrandom(buffer, length, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    buffer += n;
    length -= size_t(n);
  }
  return true;
}

extern "C" void flora_entropy(void) { V8::SetEntropySource(Entropy); }

static Local<String> Text(Isolate* isolate, const char* s, size_t len) {
  Local<String> out;
  if (len > size_t(String::kMaxLength) || !String::NewFromUtf8(isolate, s, NewStringType::kNormal, int(len)).ToLocal(&out)) {
    return String::Empty(isolate);
  }
  return out;
}

static char* Describe(Isolate* isolate, Local<Context> context, TryCatch& caught) {
  std::string out;
  Local<Message> message = caught.Message();
  String::Utf8Value text(isolate, message.IsEmpty() ? Local<Value>(caught.Exception()) : Local<Value>(message->Get()));
  out = *text ? std::string(*text, text.length()) : "exception";
  // "Uncaught " is what V8 writes before every message.
  if (out.rfind("Uncaught ", 0) == 0) out = out.substr(9);
  if (!message.IsEmpty()) {
    String::Utf8Value name(isolate, message->GetScriptOrigin().ResourceName());
    out += "\n    at " + std::string(*name ? *name : "script") + ":" + std::to_string(message->GetLineNumber(context).FromMaybe(0)) + ":" +
           std::to_string(message->GetStartColumn() + 1);
  }
  return flora_copy(out.data(), out.size());
}

// The number that the running code's dispatch was entered with.
static double CurrentDispatch(Isolate* isolate) {
  Local<Value> data = isolate->GetContinuationPreservedEmbedderData();
  return !data.IsEmpty() && data->IsNumber() ? data.As<Number>()->Value() : 0;
}

static void Witness(Isolate* isolate, void* data) {
  FloraIsolate* f = static_cast<FloraIsolate*>(data);
  HandleScope handles(isolate);
  f->culprit = CurrentDispatch(isolate);
  f->witnessed = true;
  f->asked = false;
}

void flora_ask(FloraIsolate* f) {
  if (!f->asked.exchange(true)) f->isolate->RequestInterrupt(Witness, f);
}

static void Answer(const FunctionCallbackInfo<Value>& info, const FloraResult& result) {
  Isolate* isolate = info.GetIsolate();
  switch (result.kind) {
    case FLORA_NUMBER:
      info.GetReturnValue().Set(result.number);
      break;
    case FLORA_STRING:
      info.GetReturnValue().Set(Text(isolate, result.text, result.len));
      break;
    case FLORA_TYPE_ERROR:
      isolate->ThrowException(Exception::TypeError(Text(isolate, result.text, result.len)));
      break;
    case FLORA_RANGE_ERROR:
      isolate->ThrowException(Exception::RangeError(Text(isolate, result.text, result.len)));
      break;
    case FLORA_ERROR:
      isolate->ThrowException(Exception::Error(Text(isolate, result.text, result.len)));
      break;
    default:
      break;
  }
  free(result.text);
}

// Every native is this one function; its data is the native's index.
static void Trampoline(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  HandleScope handles(isolate);
  auto fail = [&](const char* what) { isolate->ThrowException(Exception::TypeError(Text(isolate, what, strlen(what)))); };
  double numbers[2] = {0, 0};
  for (int i = 0; i < 2 && i < info.Length(); i++) {
    if (info[i]->IsUndefined()) continue;
    if (!info[i]->IsNumber()) return fail("a native takes (number, number, string)");
    numbers[i] = info[i].As<Number>()->Value();
  }
  FloraIsolate* f = flora_of(isolate);
  int index = info.Data().As<Int32>()->Value();
  FloraResult result{};
  char* text = nullptr;
  size_t len = 0;
  char small[2048];
  std::string large;
  if (info.Length() > 2 && !info[2]->IsUndefined()) {
    if (!info[2]->IsString()) return fail("a native takes (number, number, string)");
    Local<String> s = info[2].As<String>();
    // Before it is looked at: a text of half a gigabyte may be a few words that
    // say how it is to be put together.
    if (size_t(s->Length()) > f->text_limit) {
      floraTooLong(f->handle, index, size_t(s->Length()), &result);
      return Answer(info, result);
    }
    size_t room = size_t(s->Length()) * 3;
    text = small;
    if (room > sizeof(small)) {
      large.resize(s->Utf8LengthV2(isolate));
      text = large.data();
      room = large.size();
    }
    len = s->WriteUtf8V2(isolate, text, room, String::WriteFlags::kReplaceInvalidUtf8);
  }
  uint8_t tiny[64];  // V8 keeps the bytes of the smallest arrays in its heap.
  MemorySpan<uint8_t> raw;
  if (info.Length() > 3 && !info[3]->IsUndefined()) {
    if (!info[3]->IsArrayBufferView()) return fail("a native's bytes are a view of a buffer");
    raw = info[3].As<ArrayBufferView>()->GetContents(MemorySpan<uint8_t>(tiny, sizeof(tiny)));
    if (raw.size() > f->text_limit) {
      floraTooLong(f->handle, index, raw.size(), &result);
      return Answer(info, result);
    }
  }
  floraNative(f->handle, index, CurrentDispatch(isolate), numbers[0], numbers[1], text, len, reinterpret_cast<char*>(raw.data()), raw.size(), &result);
  Answer(info, result);
}

static void Lazy(Local<Name>, const PropertyCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  FloraIsolate* f = flora_of(isolate);
  if (f == nullptr || f->entry.IsEmpty()) {
    isolate->ThrowException(Exception::Error(String::NewFromUtf8Literal(isolate, "members that are made lazily are not there before the isolate is booted")));
    return;
  }
  Local<Value> args[] = {Int32::New(isolate, 8), info.Data()};
  Local<Value> made;
  if (f->entry.Get(isolate)->Call(isolate->GetCurrentContext(), Undefined(isolate), 2, args).ToLocal(&made)) info.GetReturnValue().Set(made);
}

const intptr_t flora_lazy = reinterpret_cast<intptr_t>(Lazy);

bool flora_lay(Local<Context> context, Local<Object> on, Local<Name> name, bool shows, Local<Value> number) {
  return on->SetLazyDataProperty(context, name, Lazy, number, shows ? None : DontEnum).FromMaybe(false);
}

// How many rejections without a handler a turn tells of.
static constexpr size_t kRejections = 64;

static void OnRejection(PromiseRejectMessage message) {
  FloraIsolate* f = flora_of(message.GetPromise()->GetIsolate());
  Isolate* isolate = f->isolate;
  if (message.GetEvent() == kPromiseRejectWithNoHandler) {
    // A storm of rejections is told of, not kept.
    if (f->rejections.size() >= kRejections) {
      f->unkept++;
      return;
    }
    f->rejections.push_back({Global<Promise>(isolate, message.GetPromise()), Global<Value>(isolate, message.GetValue())});
    return;
  }
  if (message.GetEvent() != kPromiseHandlerAddedAfterReject) return;
  for (size_t i = 0; i < f->rejections.size(); i++) {
    if (f->rejections[i].promise == message.GetPromise()) {
      f->rejections.erase(f->rejections.begin() + long(i));
      return;
    }
  }
  for (size_t i = 0; i < f->told.size(); i++) {
    if (f->told[i] == message.GetPromise()) {
      f->told.erase(f->told.begin() + long(i));
      f->handled.emplace_back(isolate, message.GetPromise());
      return;
    }
  }
}

static MaybeLocal<Promise> RefuseImport(Local<Context> context, Local<Data>, Local<Value>, Local<String> specifier, Local<FixedArray>) {
  Isolate* isolate = context->GetIsolate();
  Local<Promise::Resolver> resolver;
  if (!Promise::Resolver::New(context).ToLocal(&resolver)) return MaybeLocal<Promise>();
  String::Utf8Value name(isolate, specifier);
  std::string text = "Cannot import \"" + std::string(*name ? *name : "") + "\" at run time: a script is one bundle; import it statically so that it is bundled";
  if (resolver->Reject(context, Exception::TypeError(Text(isolate, text.data(), text.size()))).IsNothing()) return MaybeLocal<Promise>();
  return resolver->GetPromise();
}

// Tells what no script can see of a value, for showing it without running code:
// [1, target, handler] of a Proxy, both null when it is revoked, [2, state,
// result] of a promise, [3, entries, whether in pairs] of an iterator of a
// collection; undefined for everything else.
static void Reveal(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  if (info.Length() < 1 || !info[0]->IsObject()) return;
  auto answer = [&](int kind, Local<Value> a, Local<Value> b) {
    Local<Value> items[] = {Int32::New(isolate, kind), a, b};
    info.GetReturnValue().Set(Array::New(isolate, items, 3));
  };
  Local<Value> v = info[0];
  if (v->IsProxy()) return answer(1, v.As<Proxy>()->GetTarget(), v.As<Proxy>()->GetHandler());
  if (v->IsPromise()) {
    Local<Promise> p = v.As<Promise>();
    bool pending = p->State() == Promise::kPending;
    return answer(2, Int32::New(isolate, p->State()), pending ? Undefined(isolate).As<Value>() : p->Result());
  }
  if (!v->IsMapIterator() && !v->IsSetIterator()) return;
  bool pairs = false;
  Local<Array> entries;
  if (v.As<Object>()->PreviewEntries(&pairs).ToLocal(&entries)) answer(3, entries, Boolean::New(isolate, pairs));
}

// Lays a member that is made when it is first touched: (on, name, whether it
// shows, number).
static void Lay(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  if (info.Length() == 4 && info[0]->IsObject() && info[1]->IsName() && info[3]->IsUint32() &&
      flora_lay(isolate->GetCurrentContext(), info[0].As<Object>(), info[1].As<Name>(), info[2]->IsTrue(), info[3].As<Uint32>())) {
    return;
  }
  isolate->ThrowException(Exception::TypeError(String::NewFromUtf8Literal(isolate, "the member cannot be laid")));
}

// Lets the SDK fill in a module's import.meta.
static void FillMeta(Local<Context> context, Local<Module>, Local<Object> meta) {
  Isolate* isolate = context->GetIsolate();
  FloraIsolate* f = flora_of(isolate);
  if (f->entry.IsEmpty()) return;
  Local<Value> args[] = {Int32::New(isolate, 7), Int32::New(isolate, 0), meta};
  TryCatch caught(isolate);
  // What is thrown leaves it as it is, unless the script is being stopped.
  if (f->entry.Get(isolate)->Call(context, Undefined(isolate), 3, args).IsEmpty() && caught.HasTerminated()) caught.ReThrow();
}

extern "C" const char* flora_version(void) { return V8::GetVersion(); }

extern "C" FloraIsolate* flora_new(const char* blob, int blob_len, const FloraSource* source, size_t memory_limit, size_t text_limit, uintptr_t handle) {
  FloraIsolate* f = new FloraIsolate;
  f->handle = handle;
  f->text_limit = text_limit;
  f->blob = StartupData{blob, blob_len};
  f->allocator = new CountingAllocator(memory_limit);
  Isolate::CreateParams params;
  params.snapshot_blob = &f->blob;
  params.external_references = flora_references(source);
  params.array_buffer_allocator = f->allocator;
  params.constraints.ConfigureDefaultsFromHeapSize(0, memory_limit);
  Isolate* isolate = Isolate::New(params);
  f->isolate = isolate;
  Locker locker(isolate);
  Isolate::Scope scope(isolate);
  HandleScope handles(isolate);
  isolate->SetData(0, f);
  isolate->SetMicrotasksPolicy(MicrotasksPolicy::kExplicit);
  isolate->SetCaptureStackTraceForUncaughtExceptions(true, 10);
  isolate->SetPromiseRejectCallback(OnRejection);
  isolate->SetHostImportModuleDynamicallyCallback(RefuseImport);
  isolate->SetHostInitializeImportMetaObjectCallback(FillMeta);
  isolate->SetAllowAtomicsWait(false);
  flora_watch_memory(f);
  flora_watch_crash(isolate);
  Local<Context> context;
  if (!Context::FromSnapshot(isolate, 0).ToLocal(&context)) {
    isolate->Exit();
    isolate->Dispose();
    delete f->allocator;
    delete f;
    return nullptr;
  }
  f->context.Reset(isolate, context);
  flora_register(f);
  return f;
}

extern "C" void flora_dispose(FloraIsolate* f) {
  flora_unregister(f);
  {
    Locker locker(f->isolate);
    Isolate::Scope scope(f->isolate);
    f->rejections.clear();
    f->told.clear();
    f->handled.clear();
    f->entry.Reset();
    f->context.Reset();
  }
  f->isolate->Dispose();
  delete f->allocator;
  delete f;
}

// Takes away what comes back at every context's creation, snapshot or not.
// Memory that threads share has no use without threads, but makes a clock.
static bool Confine(Isolate* isolate, Local<Context> context) {
  return context->Global()->Delete(context, String::NewFromUtf8Literal(isolate, "SharedArrayBuffer")).FromMaybe(false);
}

extern "C" int flora_boot(FloraIsolate* f, const char* names, size_t names_len, const char* info, size_t info_len, char** err) {
  Isolate* isolate = f->isolate;
  Locker locker(isolate);
  Isolate::Scope scope(isolate);
  HandleScope handles(isolate);
  Local<Context> context = f->context.Get(isolate);
  Context::Scope entered(context);
  TryCatch caught(isolate);
  if (!Confine(isolate, context)) {
    *err = flora_copy("the global object cannot be confined", 36);
    return FLORA_THREW;
  }
  Local<Object> natives = Object::New(isolate, Null(isolate), nullptr, nullptr, 0);
  int index = 0;
  for (const char *p = names, *end = names + names_len; p < end; index++) {
    const char* stop = static_cast<const char*>(memchr(p, '\n', size_t(end - p)));
    if (stop == nullptr) stop = end;
    Local<FunctionTemplate> made = FunctionTemplate::New(isolate, Trampoline, Int32::New(isolate, index), Local<Signature>(), 3, ConstructorBehavior::kThrow);
    Local<Function> native;
    if (!made->GetFunction(context).ToLocal(&native) || natives->Set(context, Text(isolate, p, size_t(stop - p)), native).IsNothing()) {
      *err = Describe(isolate, context, caught);
      return FLORA_THREW;
    }
    p = stop + 1;
  }
  Local<Function> reveal, lay;
  if (!Function::New(context, Reveal, Local<Value>(), 1, ConstructorBehavior::kThrow).ToLocal(&reveal) ||
      natives->Set(context, String::NewFromUtf8Literal(isolate, "reveal"), reveal).IsNothing() ||
      !Function::New(context, Lay, Local<Value>(), 4, ConstructorBehavior::kThrow).ToLocal(&lay) ||
      natives->Set(context, String::NewFromUtf8Literal(isolate, "lay"), lay).IsNothing()) {
    *err = Describe(isolate, context, caught);
    return FLORA_THREW;
  }
  Local<String> name = String::NewFromUtf8Literal(isolate, "__floraBoot");
  Local<Value> boot, entry;
  Local<Value> args[] = {natives, Text(isolate, info, info_len)};
  if (!context->Global()->Get(context, name).ToLocal(&boot) || !boot->IsFunction() || !context->Global()->Delete(context, name).FromMaybe(false) ||
      !boot.As<Function>()->Call(context, Undefined(isolate), 2, args).ToLocal(&entry) || !entry->IsFunction()) {
    *err = caught.HasCaught() ? Describe(isolate, context, caught) : flora_copy("the snapshot has no __floraBoot", 31);
    return FLORA_THREW;
  }
  f->entry.Reset(isolate, entry.As<Function>());
  return FLORA_OK;
}

// How the turn ended.
static int End(FloraIsolate* f, Local<Context> context, bool threw, TurnScope& turn, TryCatch& caught, FloraOutcome* out) {
  Isolate* isolate = f->isolate;
  flora_weighed(f);
  out->unkept = f->unkept;
  out->refused = f->allocator->budget().Refused();
  if (f->out_of_memory) {
    out->heap = f->allocator->budget().heap();
    out->buffers = f->allocator->budget().buffers() + f->allocator->budget().other();
    out->native = f->allocator->budget().native();
    return FLORA_OUT_OF_MEMORY;
  }
  if (turn.stopped()) {
    out->culprit = f->witnessed ? f->culprit : CurrentDispatch(isolate);
    return FLORA_TERMINATED;
  }
  if (!threw) return FLORA_OK;
  out->err = Describe(isolate, context, caught);
  return FLORA_THREW;
}

// Tells of what was rejected without a handler. The list can grow while it is
// walked: a handler may reject again.
static void TellRejections(FloraIsolate* f, Local<Context> context, Local<Function> entry, TurnScope& turn) {
  Isolate* isolate = f->isolate;
  for (size_t n = 0; !f->rejections.empty() && n < kRejections && !turn.stopped(); n++) {
    std::vector<Rejection> batch;
    batch.swap(f->rejections);
    for (Rejection& r : batch) {
      Local<Promise> promise = r.promise.Get(isolate);
      if (promise->HasHandler()) continue;  // What was told of before has handled it.
      Local<Value> args[] = {Int32::New(isolate, 5), Int32::New(isolate, 0), r.reason.Get(isolate), promise};
      if (entry->Call(context, Undefined(isolate), 4, args).IsEmpty()) break;
      if (promise->HasHandler()) continue;
      if (f->told.size() >= kRejections) f->told.erase(f->told.begin());
      f->told.emplace_back(isolate, promise);
      f->told.back().SetWeak();
    }
    if (!turn.stopped()) isolate->PerformMicrotaskCheckpoint();
  }
  f->unkept += uint32_t(f->rejections.size());
  f->rejections.clear();
}

// Tells of what was told of as rejected and is handled now.
static void TellHandled(FloraIsolate* f, Local<Context> context, Local<Function> entry, TurnScope& turn) {
  Isolate* isolate = f->isolate;
  std::vector<Global<Promise>> batch;
  batch.swap(f->handled);
  for (Global<Promise>& p : batch) {
    Local<Promise> promise = p.Get(isolate);
    Local<Value> args[] = {Int32::New(isolate, 6), Int32::New(isolate, 0), promise->Result(), promise};
    if (entry->Call(context, Undefined(isolate), 4, args).IsEmpty()) break;
  }
  if (!turn.stopped()) isolate->PerformMicrotaskCheckpoint();
}

// Calls the entry function, runs microtasks and reports what was rejected
// without a handler.
static int Enter(FloraIsolate* f, Local<Context> context, double dispatch, int argc, Local<Value>* argv, TurnScope& turn, TryCatch& caught,
                 FloraOutcome* out) {
  Isolate* isolate = f->isolate;
  Local<Function> entry = f->entry.Get(isolate);
  isolate->SetContinuationPreservedEmbedderData(Number::New(isolate, dispatch));
  bool threw = entry->Call(context, Undefined(isolate), argc, argv).IsEmpty();
  if (!turn.stopped()) isolate->PerformMicrotaskCheckpoint();
  if (!f->handled.empty() && !turn.stopped()) TellHandled(f, context, entry, turn);
  if (!f->rejections.empty()) TellRejections(f, context, entry, turn);
  int code = End(f, context, threw, turn, caught, out);
  isolate->SetContinuationPreservedEmbedderData(Undefined(isolate));
  return code;
}

// Makes a turn that must not begin end at once.
static bool Doomed(FloraIsolate* f, FloraOutcome* out) {
  *out = FloraOutcome{};
  f->unkept = 0;
  f->witnessed = false;
  f->asked = false;
  return f->doomed.load();
}

extern "C" void flora_stop(FloraIsolate* f) {
  // A turn that begins later sees this; for one that has begun flora_terminate
  // finds it running.
  f->doomed.store(true);
  flora_terminate(f);
}

// A Uint8Array with a copy of the bytes; empty when there is no room for one.
static MaybeLocal<Value> Bytes(Isolate* isolate, const char* raw, size_t len) {
  Local<ArrayBuffer> buffer;
  if (!ArrayBuffer::MaybeNew(isolate, len, BackingStoreInitializationMode::kUninitialized).ToLocal(&buffer)) return MaybeLocal<Value>();
  if (len > 0) memcpy(buffer->Data(), raw, len);
  return Uint8Array::New(buffer, 0, len);
}

extern "C" int flora_turn(FloraIsolate* f, int kind, double id, double dispatch, const char* a, size_t a_len, const char* b, size_t b_len,
                          const char* raw, size_t raw_len, int64_t cpu_limit_ns, FloraOutcome* out) {
  Isolate* isolate = f->isolate;
  Locker locker(isolate);
  Isolate::Scope scope(isolate);
  HandleScope handles(isolate);
  Local<Context> context = f->context.Get(isolate);
  Context::Scope entered(context);
  TurnScope turn(f, cpu_limit_ns);
  if (Doomed(f, out)) return FLORA_TERMINATED;
  TryCatch caught(isolate);
  Local<Value> bytes = Undefined(isolate);
  if (raw != nullptr && !Bytes(isolate, raw, raw_len).ToLocal(&bytes)) return FLORA_NO_ROOM;
  Local<Value> args[] = {Int32::New(isolate, kind), Number::New(isolate, id), Text(isolate, a, a_len), Text(isolate, b, b_len), bytes};
  return Enter(f, context, dispatch, raw == nullptr ? 4 : 5, args, turn, caught, out);
}

static MaybeLocal<Module> RefuseStaticImport(Local<Context> context, Local<String> specifier, Local<FixedArray>, Local<Module>) {
  Isolate* isolate = context->GetIsolate();
  String::Utf8Value name(isolate, specifier);
  std::string text = "Cannot import \"" + std::string(*name ? *name : "") + "\": a bundle must hold everything it needs";
  isolate->ThrowException(Exception::TypeError(Text(isolate, text.data(), text.size())));
  return MaybeLocal<Module>();
}

extern "C" int flora_load(FloraIsolate* f, const char* name, size_t name_len, const char* source, size_t source_len, int kind, double id,
                          int64_t cpu_limit_ns, FloraOutcome* out) {
  Isolate* isolate = f->isolate;
  Locker locker(isolate);
  Isolate::Scope scope(isolate);
  HandleScope handles(isolate);
  Local<Context> context = f->context.Get(isolate);
  Context::Scope entered(context);
  TurnScope turn(f, cpu_limit_ns);
  if (Doomed(f, out)) return FLORA_TERMINATED;
  TryCatch caught(isolate);
  ScriptOrigin origin(Text(isolate, name, name_len), 0, 0, false, -1, Local<Value>(), false, false, true);
  ScriptCompiler::Source unit(Text(isolate, source, source_len), origin);
  Local<Module> module;
  Local<Value> promise;
  isolate->SetContinuationPreservedEmbedderData(Number::New(isolate, id));
  if (!ScriptCompiler::CompileModule(isolate, &unit).ToLocal(&module) || module->InstantiateModule(context, RefuseStaticImport).IsNothing() ||
      !module->Evaluate(context).ToLocal(&promise)) {
    return End(f, context, true, turn, caught, out);
  }
  if (turn.stopped()) return End(f, context, true, turn, caught, out);
  Local<Value> args[] = {Int32::New(isolate, kind), Number::New(isolate, id), promise};
  return Enter(f, context, id, 3, args, turn, caught, out);
}
