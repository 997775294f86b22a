// What one script's memory is: its JavaScript heap and what lies outside of it,
// counted together against one limit.
#pragma once
#include <atomic>

#include "include/v8.h"

// What a script has had allocated outside of V8's heap; see allocate.cc. It
// outlives the isolate while caches that the process shares hold some of it.
class Account {
 public:
  void Charge(size_t n) {
    blocks_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(n, std::memory_order_relaxed);
  }
  void Credit(size_t n) {
    bytes_.fetch_sub(n, std::memory_order_relaxed);
    Release();
  }
  // Gives up what the isolate, or one block, holds of the account.
  void Release() {
    if (blocks_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<size_t> bytes_{0};
  std::atomic<size_t> blocks_{1};  // One for the isolate.
};

// A script's limit and what it holds. Buffers and native memory are counted when
// they come and go; the rest as the last garbage collection left it, which costs
// nothing between two of them.
class Budget {
 public:
  explicit Budget(size_t limit) : limit_(limit), account_(new Account) {}
  ~Budget() { account_->Release(); }
  Budget(const Budget&) = delete;
  // Claims n bytes for a buffer, if there is room.
  bool Take(size_t n);
  void Give(size_t n) { buffers_.fetch_sub(n, std::memory_order_relaxed); }
  size_t limit() const { return limit_; }
  size_t buffers() const { return buffers_.load(std::memory_order_relaxed); }
  size_t other() const { return other_.load(std::memory_order_relaxed); }
  size_t heap() const { return heap_.load(std::memory_order_relaxed); }
  // Memory of C++, most of it behind objects of Intl.
  size_t native() const { return account_->bytes(); }
  Account* account() { return account_; }
  size_t all() const { return buffers() + heap() + other() + native(); }
  size_t room() const { return all() < limit_ ? limit_ - all() : 0; }
  // How much native memory is the next occasion to collect: twice as much as
  // now, or as much as there is room for.
  size_t NextLook() const;
  // Looks at the heap; true when all together is over the limit.
  bool Measure(v8::Isolate* isolate);
  // Whether a buffer was refused for good since the last call. V8 collects
  // garbage and asks again before it gives up.
  bool Refused() { return refused_.exchange(0, std::memory_order_relaxed) != 0; }

 private:
  const size_t limit_;
  Account* const account_;
  std::atomic<size_t> buffers_{0};
  std::atomic<size_t> heap_{0};
  std::atomic<size_t> other_{0};  // Outside of the heap, and no buffer: WebAssembly.
  std::atomic<size_t> refused_{0};  // The size of the latest, until it is had.
};

// Memory of array buffers. It comes from V8's own allocator because it must lie
// in the V8 sandbox. For buffers that can be resized V8 asks nobody, so the SDK
// lets none be made.
class CountingAllocator : public v8::ArrayBuffer::Allocator {
 public:
  explicit CountingAllocator(size_t limit) : inner_(NewDefaultAllocator()), budget_(limit) {}
  ~CountingAllocator() override { delete inner_; }
  void* Allocate(size_t n) override { return Keep(n, [&] { return inner_->Allocate(n); }); }
  void* AllocateUninitialized(size_t n) override { return Keep(n, [&] { return inner_->AllocateUninitialized(n); }); }
  void Free(void* data, size_t n) override {
    inner_->Free(data, n);
    budget_.Give(n + kOverhead);
  }
  size_t MaxAllocationSize() const override { return inner_->MaxAllocationSize(); }
  v8::PageAllocator* GetPageAllocator() override { return inner_->GetPageAllocator(); }
  Budget& budget() { return budget_; }

 private:
  // What V8 and malloc keep beside the bytes of a buffer. A part of it is counted
  // as native memory, too: tiny buffers are to be refused before that runs out.
  static constexpr size_t kOverhead = 256;
  template <typename F>
  void* Keep(size_t n, F allocate) {
    if (!budget_.Take(n + kOverhead)) return nullptr;
    void* p = allocate();
    if (p == nullptr) budget_.Give(n + kOverhead);
    return p;
  }
  v8::ArrayBuffer::Allocator* inner_;
  Budget budget_;
};
