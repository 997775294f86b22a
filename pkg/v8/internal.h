// What bridge.cc and its siblings share; not for Go.
#pragma once
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "bridge.h"
#include "include/v8.h"
#include "memory.h"

struct Rejection {
  v8::Global<v8::Promise> promise;
  v8::Global<v8::Value> reason;
};

// Garbage is not collected for the sake of less native memory than this.
constexpr size_t kNativeStep = size_t(8) << 20;

struct FloraIsolate {
  v8::Isolate* isolate = nullptr;
  v8::StartupData blob{nullptr, 0};
  CountingAllocator* allocator = nullptr;
  uintptr_t handle = 0;
  size_t text_limit = 0;  // Characters that a native takes.
  v8::Global<v8::Context> context;
  v8::Global<v8::Function> entry;
  std::vector<Rejection> rejections;
  std::vector<v8::Global<v8::Promise>> told;     // Of the last rejections, told of and not handled yet; they do not keep them.
  std::vector<v8::Global<v8::Promise>> handled;  // That were told of, and are handled now.
  uint32_t unkept = 0;  // Rejections beyond those, since the turn began.
  bool out_of_memory = false;
  bool judging = false;  // A look at the memory is due; see memory.cc.
  int loans = 0;         // Of heap beyond the limit.
  size_t native_due = kNativeStep;  // How much native memory is the next occasion to collect.
  std::atomic<bool> doomed{false};
  std::atomic<bool> asked{false};  // flora_ask waits for its answer.
  bool witnessed = false;          // It was answered in this turn:
  double culprit = 0;              // whose code was running.

  // Words that control reads; see flora_mark. Null when nobody does.
  std::atomic<uint64_t>* turn_mark = nullptr;
  std::atomic<uint64_t>* verdict = nullptr;
  std::atomic<uint64_t>* held = nullptr;
  uint32_t turns = 0;

  // turn_mutex guards the members below against the watchdog's thread.
  std::mutex turn_mutex;
  bool in_turn = false;
  bool stop = false;  // Termination was requested in this turn.
  clockid_t clock = 0;
  int64_t started_ns = 0;
  int64_t limit_ns = 0;
  int64_t stopped_ns = 0;
};

// What a snapshot refers to in the process that uses it, in V8's form.
const intptr_t* flora_references(const FloraSource* source);

// Lays a member that the SDK makes, by its number, when it is first read or
// described; from then on it is data like any other.
bool flora_lay(v8::Local<v8::Context> context, v8::Local<v8::Object> on, v8::Local<v8::Name> name, bool shows, v8::Local<v8::Value> number);

// What makes them, for a snapshot that has some.
extern const intptr_t flora_lazy;

char* flora_copy(const char* s, size_t len);
FloraIsolate* flora_of(v8::Isolate* isolate);
void flora_register(FloraIsolate* f);
void flora_unregister(FloraIsolate* f);

// Has the running turn note whose code it runs: a turn runs what others left
// behind, too. Any thread.
void flora_ask(FloraIsolate* f);

// Holds the isolate to its budget.
void flora_watch_memory(FloraIsolate* f);

// Has the running turn collect its garbage and judges what remains, as soon as
// the script comes to where it can be interrupted.
void flora_weigh(FloraIsolate* f);

// Does so at the end of the turn, if it did not come to that: V8 forgets
// interrupts when the isolate leaves its thread.
void flora_weighed(FloraIsolate* f);

// What a verdict may be; pkg/mark has the same list.
enum Verdict : uint64_t { kFatal = 1, kOutOfMemory = 2, kSignal = 3, kStuck = 4, kNoMemory = 5 };

// The first verdict on an isolate stays.
void flora_judge(FloraIsolate* f, Verdict verdict);

// Ends the process by the isolate's fault.
[[noreturn]] void flora_give_up(FloraIsolate* f, Verdict verdict, const char* what, const char* detail);

// Sees to it that the process's end by this isolate is known to be its fault.
void flora_watch_crash(v8::Isolate* isolate);

// The isolate whose turn this thread runs.
extern constinit thread_local FloraIsolate* flora_current;

// Marks the running turn for the watchdog, and clears a termination at its end.
class TurnScope {
 public:
  TurnScope(FloraIsolate* f, int64_t limit_ns);
  ~TurnScope();
  bool stopped();

 private:
  FloraIsolate* f_;
};
