package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"rogchap.com/v8go"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// shapes are the kinds of native call that are measured.
var shapes = []struct {
	name string
	text string // What goes in and comes back; "" calls without arguments.
}{
	{"no arguments", ""},
	{"11-byte string in and out", "hello world"},
	{"2 KB string in and out", strings.Repeat("0123456789abcdef", 128)},
}

// loopSDK is a snapshot whose entry calls a native id times.
const loopSDK = `globalThis.__floraBoot = (natives) => {
	const { f } = natives;
	return (kind, n, text) => {
		if (kind === 2) { for (let i = 0; i < n; i++) f(); return; }
		for (let i = 0; i < n; i++) f(0, 0, text);
	};
};`

// nativeJob times calls out of JavaScript. The numbers are samples and calls
// per sample; the result is ns per call, by shape.
func nativeJob(n []int, measure func(text string, calls int) (time.Duration, error)) (samples, error) {
	if len(n) != 2 {
		return nil, errors.New("native takes the numbers of samples and of calls")
	}
	found := samples{}
	for round := range n[0] + 1 {
		for _, s := range shapes {
			took, err := measure(s.text, n[1])
			if err != nil {
				return nil, err
			}
			if round > 0 { // The first is the warm-up.
				found[s.name] = append(found[s.name], float64(took)/float64(n[1]))
			}
		}
	}
	return found, nil
}

// loopBlob is the snapshot of loopSDK, made once.
var loopBlob = sync.OnceValues(func() (*v8.Blob, error) {
	blob, err := v8.Snapshot(loopSDK)
	if err != nil {
		return nil, err
	}
	return v8.NewBlob(blob)
})

// heap and turn are limits that no call of these comes near.
const (
	heap = 256 << 20
	turn = time.Minute
)

func ourCalls(text string, calls int) (time.Duration, error) {
	blob, err := loopBlob()
	if err != nil {
		return 0, err
	}
	iso, err := v8.New(v8.Config{
		Blob: blob, MemoryLimit: heap, Natives: []string{"f"}, Info: "{}",
		Call: func(_ int, _, _, _ float64, text, _ []byte) v8.Result {
			if len(text) == 0 {
				return v8.Result{}
			}
			return v8.String(string(text))
		},
	})
	if err != nil {
		return 0, err
	}
	defer iso.Dispose()
	kind := 1
	if text == "" {
		kind = 2
	}
	t := time.Now()
	err = iso.Turn(kind, float64(calls), 0, text, "", turn)
	return time.Since(t), err
}

// stockCalls does the same through v8go's FunctionTemplate and callback.
func stockCalls(text string, calls int) (time.Duration, error) {
	iso := v8go.NewIsolate()
	defer iso.Dispose()
	global := v8go.NewObjectTemplate(iso)
	err := global.Set("f", v8go.NewFunctionTemplate(iso, func(call *v8go.FunctionCallbackInfo) *v8go.Value {
		args := call.Args()
		if len(args) == 0 {
			return nil
		}
		v, err := v8go.NewValue(iso, args[0].String())
		if err != nil {
			return nil
		}
		return v
	}))
	if err != nil {
		return 0, fmt.Errorf("make a function: %w", err)
	}
	ctx := v8go.NewContext(iso, global)
	defer ctx.Close()
	loop := fmt.Sprintf("(() => { const g = f, text = %q; for (let i = 0; i < %d; i++) g(text); })", text, calls)
	if text == "" {
		loop = fmt.Sprintf("(() => { const g = f; for (let i = 0; i < %d; i++) g(); })", calls)
	}
	v, err := ctx.RunScript(loop, "loop.js")
	if err != nil {
		return 0, fmt.Errorf("compile the loop: %w", err)
	}
	f, err := v.AsFunction()
	if err != nil {
		return 0, fmt.Errorf("find the loop: %w", err)
	}
	t := time.Now()
	_, err = f.Call(ctx.Global())
	return time.Since(t), err
}
