#include "bridge.h"
#include "include/v8-snapshot.h"
#include "internal.h"

using namespace v8;

// V8 reads the text where it is. It lies outside of all heaps: hundreds of
// kilobytes for each isolate otherwise.
class Text : public String::ExternalOneByteStringResource {
 public:
  Text(const char* text, size_t len) : text_(text), len_(len) {}
  const char* data() const override { return text_; }
  size_t length() const override { return len_; }
  // An isolate that ends leaves it to the others.
  void Dispose() override {}

 private:
  const char* const text_;
  const size_t len_;
};

struct FloraSource {
  FloraSource(const char* text, size_t len) : text(text, len) {}
  Text text;
  // A snapshot has the place in this list instead of an address.
  const intptr_t references[3] = {reinterpret_cast<intptr_t>(&text), flora_lazy, 0};
};

extern "C" const FloraSource* flora_source(const char* text, size_t len) { return new FloraSource(text, len); }

const intptr_t* flora_references(const FloraSource* source) { return source->references; }

// Lays the members that the source lists in __floraLazy: triples of an object, a
// name and whether it shows, in the order of their numbers.
static bool LayLazies(Isolate* isolate, Local<Context> context) {
  Local<String> name = String::NewFromUtf8Literal(isolate, "__floraLazy");
  Local<Value> list;
  if (!context->Global()->Get(context, name).ToLocal(&list)) return false;
  if (!list->IsArray()) return true;
  for (uint32_t i = 0; i < list.As<Array>()->Length(); i++) {
    Local<Value> row, on, of, shows;
    if (!list.As<Array>()->Get(context, i).ToLocal(&row) || !row->IsArray() || !row.As<Array>()->Get(context, 0).ToLocal(&on) || !on->IsObject() ||
        !row.As<Array>()->Get(context, 1).ToLocal(&of) || !of->IsString() || !row.As<Array>()->Get(context, 2).ToLocal(&shows) ||
        !flora_lay(context, on.As<Object>(), of.As<String>(), shows->IsTrue(), Integer::NewFromUnsigned(isolate, i))) {
      return false;
    }
  }
  return context->Global()->Delete(context, name).FromMaybe(false);
}

// Runs the source in a context of its own. The default context of the snapshot
// stays bare; the SDK is an added context, index 0.
static char* Evaluate(Isolate* isolate, Local<Context> context, const FloraSource* source) {
  Context::Scope scope(context);
  TryCatch caught(isolate);
  Local<String> text;
  if (!String::NewExternalOneByte(isolate, const_cast<Text*>(&source->text)).ToLocal(&text)) return flora_copy("source too long", 15);
  ScriptOrigin origin(String::NewFromUtf8Literal(isolate, "flora:sdk"));
  ScriptCompiler::Source unit(text, origin);
  Local<Script> script;
  Local<Value> result;
  if (ScriptCompiler::Compile(context, &unit).ToLocal(&script) && script->Run(context).ToLocal(&result) && LayLazies(isolate, context)) {
    return nullptr;
  }
  if (!caught.HasCaught()) return flora_copy("__floraLazy lists a member that cannot be laid", 46);
  String::Utf8Value message(isolate, caught.StackTrace(context).FromMaybe(caught.Exception()));
  return flora_copy(*message ? *message : "exception", *message ? message.length() : 9);
}

extern "C" FloraBlob flora_snapshot(const FloraSource* source) {
  FloraBlob out{nullptr, 0, nullptr};
  Isolate::CreateParams params;
  params.array_buffer_allocator_shared = std::shared_ptr<ArrayBuffer::Allocator>(ArrayBuffer::Allocator::NewDefaultAllocator());
  params.external_references = flora_references(source);
  SnapshotCreator creator(params);
  Isolate* isolate = creator.GetIsolate();
  {
    HandleScope handles(isolate);
    creator.SetDefaultContext(Context::New(isolate));
    Local<Context> context = Context::New(isolate);
    out.err = Evaluate(isolate, context, source);
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
