// Counts what lies behind a script's objects outside of V8's heap. An object of
// Intl is a few words of that heap and kilobytes elsewhere, of which V8 tells
// nobody. So ICU, the library behind Intl, and C++ itself allocate here, and
// what a turn has allocated is charged to its script until it is freed.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <new>

#include "internal.h"

// The version is that of the ICU inside V8; with another one the linker says so.
extern "C" void u_setMemoryFunctions_74(const void* context, void* (*allocate)(const void*, size_t), void* (*resize)(const void*, void*, size_t),
                                        void (*release)(const void*, void*), int* status);

namespace {

// What stands before every block: whoever frees it, the right one is credited.
struct alignas(16) Block {
  Account* account;  // Null outside of turns.
  size_t size;
};

// What malloc keeps beside a block.
constexpr size_t kMalloc = 16;
// From this size on ICU is refused what goes beyond the limit. It copes where it
// is a text; of its own small tables it remembers for good that they could not be
// had, and that would be everybody's loss. V8 copes with no refusal.
constexpr size_t kLarge = size_t(1) << 20;
// How far a script may get beyond its limit before it comes to a place where it
// can be interrupted: thousands of steps, in which garbage gathers as well. Code
// that never comes there takes the process along, as a full heap would.
constexpr size_t kBeyond = size_t(128) << 20;

// Whether the running script may have n more bytes.
bool Admit(FloraIsolate* f, size_t n, bool refusable) {
  Budget& budget = f->allocator->budget();
  size_t native = budget.native() + n;
  if (native <= f->native_due) return true;
  flora_weigh(f);
  bool refused = refusable && n >= kLarge;
  if (native <= budget.limit() + (refused ? 0 : kBeyond)) return true;
  f->out_of_memory = true;
  flora_terminate(f);
  if (refused) return false;
  flora_give_up(f, kOutOfMemory, "native code of a script does not come to where it can be stopped", "out of memory");
}

void* Take(size_t n, bool refusable) {
  if (n > SIZE_MAX / 2) return nullptr;
  size_t whole = n + sizeof(Block) + kMalloc;
  FloraIsolate* f = flora_current;
  if (f != nullptr && !Admit(f, whole, refusable)) return nullptr;
  Block* block = static_cast<Block*>(malloc(n + sizeof(Block)));
  if (block == nullptr) return nullptr;
  block->account = f == nullptr ? nullptr : f->allocator->budget().account();
  block->size = whole;
  if (block->account != nullptr) block->account->Charge(whole);
  return block + 1;
}

void Give(void* memory) {
  if (memory == nullptr) return;
  Block* block = static_cast<Block*>(memory) - 1;
  if (block->account != nullptr) block->account->Credit(block->size);
  free(block);
}

void* Allocate(const void*, size_t n) { return Take(n, true); }

void Release(const void*, void* memory) { Give(memory); }

void* Resize(const void*, void* memory, size_t n) {
  void* out = Take(n, true);
  if (out == nullptr || memory == nullptr) return out;
  size_t had = (static_cast<Block*>(memory) - 1)->size - sizeof(Block) - kMalloc;
  memcpy(out, memory, had < n ? had : n);
  Give(memory);
  return out;
}

// Before ICU has anything that it would give back here.
__attribute__((constructor(102))) void Count() {
  int status = 0;
  u_setMemoryFunctions_74(nullptr, Allocate, Resize, Release, &status);
  if (status != 0) abort();
}

}  // namespace

// The standard library makes its other forms of new and delete out of these,
// but for those with an alignment, which come from elsewhere and go there.
void* operator new(size_t n) {
  void* out = Take(n, false);
  if (out != nullptr) return out;
  // V8 knows no exceptions: it would end the process as if the script had brought
  // it down, but what the process has not left anybody may have taken.
  if (flora_current != nullptr) flora_give_up(flora_current, kNoMemory, "native code", "out of memory");
  throw std::bad_alloc();
}

// V8 makes room and asks again before it gives up.
void* operator new(size_t n, const std::nothrow_t&) noexcept { return Take(n, false); }

void* operator new[](size_t n, const std::nothrow_t&) noexcept { return Take(n, false); }

void operator delete(void* memory) noexcept { Give(memory); }

void operator delete(void* memory, size_t) noexcept { Give(memory); }
