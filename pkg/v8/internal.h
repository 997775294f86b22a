// What bridge.cc and its siblings share; not for Go.
#pragma once
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "bridge.h"
#include "include/v8.h"

// Counts what scripts hold in array buffers and refuses more than the limit.
// Memory comes from V8's own allocator because it must lie in the V8 sandbox.
class CountingAllocator : public v8::ArrayBuffer::Allocator {
 public:
  explicit CountingAllocator(size_t limit) : inner_(NewDefaultAllocator()), limit_(limit) {}
  ~CountingAllocator() override { delete inner_; }
  void* Allocate(size_t n) override { return Take(n) ? Keep(inner_->Allocate(n), n) : nullptr; }
  void* AllocateUninitialized(size_t n) override { return Take(n) ? Keep(inner_->AllocateUninitialized(n), n) : nullptr; }
  void Free(void* data, size_t n) override {
    inner_->Free(data, n);
    used_.fetch_sub(n, std::memory_order_relaxed);
  }
  size_t MaxAllocationSize() const override { return inner_->MaxAllocationSize(); }
  v8::PageAllocator* GetPageAllocator() override { return inner_->GetPageAllocator(); }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  bool Take(size_t n) {
    if (used_.fetch_add(n, std::memory_order_relaxed) + n <= limit_) return true;
    used_.fetch_sub(n, std::memory_order_relaxed);
    return false;
  }
  void* Keep(void* p, size_t n) {
    if (p == nullptr) used_.fetch_sub(n, std::memory_order_relaxed);
    return p;
  }
  v8::ArrayBuffer::Allocator* inner_;
  size_t limit_;
  std::atomic<size_t> used_{0};
};

struct Rejection {
  v8::Global<v8::Promise> promise;
  v8::Global<v8::Value> reason;
};

struct FloraIsolate {
  v8::Isolate* isolate = nullptr;
  v8::StartupData blob{nullptr, 0};
  CountingAllocator* allocator = nullptr;
  uintptr_t handle = 0;
  v8::Global<v8::Context> context;
  v8::Global<v8::Function> entry;
  std::vector<Rejection> rejections;
  bool out_of_memory = false;

  // turn_mutex guards the members below against the watchdog's thread.
  std::mutex turn_mutex;
  bool in_turn = false;
  bool stop = false;  // Termination was requested in this turn.
  clockid_t clock = 0;
  int64_t started_ns = 0;
  int64_t limit_ns = 0;
  int64_t stopped_ns = 0;
};

char* flora_copy(const char* s, size_t len);
FloraIsolate* flora_of(v8::Isolate* isolate);
void flora_register(FloraIsolate* f);
void flora_unregister(FloraIsolate* f);

// Marks the running turn for the watchdog, and clears a termination at its end.
class TurnScope {
 public:
  TurnScope(FloraIsolate* f, int64_t limit_ns);
  ~TurnScope();
  bool stopped();

 private:
  FloraIsolate* f_;
};
