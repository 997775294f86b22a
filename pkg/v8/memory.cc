#include "memory.h"

#include <algorithm>

#include "include/v8-statistics.h"
#include "internal.h"

using namespace v8;

bool Budget::Take(size_t n) {
  buffers_.fetch_add(n, std::memory_order_relaxed);
  if (n <= limit_ && all() <= limit_) {
    if (refused_.load(std::memory_order_relaxed) == n) refused_.store(0, std::memory_order_relaxed);
    return true;
  }
  buffers_.fetch_sub(n, std::memory_order_relaxed);
  refused_.store(n, std::memory_order_relaxed);
  return false;
}

bool Budget::Measure(Isolate* isolate) {
  HeapStatistics stats;
  isolate->GetHeapStatistics(&stats);
  size_t outside = std::max(stats.external_memory(), buffers());
  heap_.store(stats.used_heap_size(), std::memory_order_relaxed);
  other_.store(outside - buffers(), std::memory_order_relaxed);
  return all() > limit_;
}

size_t Budget::NextLook() const { return native() + std::max(std::min(std::max(native(), kNativeStep), room()), kNativeStep / 8); }

// Runs between two steps of the script, or when its turn is over. What is over
// the limit may be garbage, so it is collected before the script is judged.
static void Judge(Isolate* isolate, void* data) {
  FloraIsolate* f = static_cast<FloraIsolate*>(data);
  if (!f->judging) return;
  isolate->MemoryPressureNotification(MemoryPressureLevel::kCritical);
  isolate->MemoryPressureNotification(MemoryPressureLevel::kNone);
  Budget& budget = f->allocator->budget();
  bool over = budget.Measure(isolate);
  f->native_due = budget.NextLook();
  f->judging = false;
  if (!over) return;
  f->out_of_memory = true;
  flora_terminate(f);
}

void flora_weigh(FloraIsolate* f) {
  if (f->judging) return;
  f->judging = true;
  f->isolate->RequestInterrupt(Judge, f);
}

void flora_weighed(FloraIsolate* f) { Judge(f->isolate, f); }

static void AfterCollection(Isolate* isolate, GCType, GCCallbackFlags, void* data) {
  FloraIsolate* f = static_cast<FloraIsolate*>(data);
  if (f->allocator->budget().Measure(isolate)) flora_weigh(f);
}

// Lends 32 MiB, so that V8 can unwind instead of aborting the process, and more
// where it needs more, up to a bound. The isolate goes with its loan.
static constexpr size_t kLoan = size_t(32) << 20;
static constexpr int kLoans = 4;

static size_t NearHeapLimit(void* data, size_t current, size_t) {
  FloraIsolate* f = static_cast<FloraIsolate*>(data);
  f->out_of_memory = true;
  f->allocator->budget().Measure(f->isolate);
  flora_terminate(f);
  return f->loans++ < kLoans ? current + kLoan : current;
}

void flora_watch_memory(FloraIsolate* f) {
  f->isolate->AddGCEpilogueCallback(AfterCollection, f);
  f->isolate->AddNearHeapLimitCallback(NearHeapLimit, f);
}

extern "C" void flora_stats(FloraIsolate* f, FloraStats* out) {
  Locker locker(f->isolate);
  Isolate::Scope scope(f->isolate);
  HeapStatistics stats;
  f->isolate->GetHeapStatistics(&stats);
  out->heap_used = stats.used_heap_size();
  out->heap_limit = stats.heap_size_limit();
  out->external = stats.external_memory();
  out->array_buffers = f->allocator->budget().buffers();
  out->native = f->allocator->budget().native();
}
