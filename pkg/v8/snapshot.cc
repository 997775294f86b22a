#include "bridge.h"
#include "include/v8-snapshot.h"
#include "internal.h"

using namespace v8;

// Runs the source in a context of its own. The default context of the snapshot
// stays bare; the SDK is an added context, index 0.
static char* Evaluate(Isolate* isolate, Local<Context> context, const char* source, int len) {
  Context::Scope scope(context);
  TryCatch caught(isolate);
  Local<String> text;
  if (!String::NewFromUtf8(isolate, source, NewStringType::kNormal, len).ToLocal(&text)) return flora_copy("source too long", 15);
  ScriptOrigin origin(String::NewFromUtf8Literal(isolate, "flora:sdk"));
  ScriptCompiler::Source unit(text, origin);
  Local<Script> script;
  Local<Value> result;
  if (ScriptCompiler::Compile(context, &unit).ToLocal(&script) && script->Run(context).ToLocal(&result)) return nullptr;
  String::Utf8Value message(isolate, caught.StackTrace(context).FromMaybe(caught.Exception()));
  return flora_copy(*message ? *message : "exception", *message ? message.length() : 9);
}

extern "C" FloraBlob flora_snapshot(const char* source, int len) {
  FloraBlob out{nullptr, 0, nullptr};
  Isolate::CreateParams params;
  params.array_buffer_allocator_shared = std::shared_ptr<ArrayBuffer::Allocator>(ArrayBuffer::Allocator::NewDefaultAllocator());
  SnapshotCreator creator(params);
  Isolate* isolate = creator.GetIsolate();
  {
    HandleScope handles(isolate);
    creator.SetDefaultContext(Context::New(isolate));
    Local<Context> context = Context::New(isolate);
    out.err = Evaluate(isolate, context, source, len);
    creator.AddContext(context);
  }
  // kClear: functions are compiled on first use, which halves the memory of an
  // idle isolate.
  StartupData data = creator.CreateBlob(SnapshotCreator::FunctionCodeHandling::kClear);
  if (out.err != nullptr) {
    delete[] data.data;
    return out;
  }
  out.data = data.data;
  out.len = data.raw_size;
  return out;
}
