// Package v8 is the only cgo of the server: V8 isolates that start from a
// snapshot, enter JavaScript once per turn, count their buffers and what C++
// allocates for them, stop at a CPU limit and hand native calls to Go through
// one trampoline. It knows nothing of Discord, ops or guilds.
//
// V8 itself (archives, headers, platform start) comes from v8go. The isolates
// are made here and not through v8go.NewIsolate because that one makes an
// internal context for every isolate and keeps each value that crosses.
package v8

//go:generate sh -c "ln -sfn \"$(go list -m -f '{{.Dir}}' rogchap.com/v8go)/deps/include\" include"
