package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// V8's flags are per process, so whatever depends on them runs in a child: this
// program again, with "child", the name of a job, whether the JIT is on, and
// numbers. Its answer is samples by name, as JSON on stdout.

// samples are repeated measurements by name.
type samples map[string][]float64

// jobs are done once our way and once with v8go as it comes, never both in one
// process: without the JIT, V8 aborts when isolates from a start-up blob and
// from its own snapshot meet.
var jobs = map[string]func(n []int) (samples, error){
	"cold/" + ours:      func(n []int) (samples, error) { return coldJob(n, (*engine).load) },
	"cold/" + stock:     func(n []int) (samples, error) { return coldJob(n, (*engine).loadStock) },
	"native/" + ours:    func(n []int) (samples, error) { return nativeJob(n, ourCalls) },
	"native/" + stock:   func(n []int) (samples, error) { return nativeJob(n, stockCalls) },
	"resident/" + ours:  func(n []int) (samples, error) { return residentJob(n, (*engine).load) },
	"resident/" + stock: func(n []int) (samples, error) { return residentJob(n, (*engine).loadStock) },
	"cold/" + whole:     func(n []int) (samples, error) { return coldJob(n, (*engine).loadWhole) },
	"resident/" + whole: func(n []int) (samples, error) { return residentJob(n, (*engine).loadWhole) },
	"heap/" + ours:      func([]int) (samples, error) { return heapJob("") },
	"heap/" + whole:     func([]int) (samples, error) { return heapJob(touchAll) },
}

// The ways.
const (
	ours  = "ours"
	stock = "stock"
	whole = "whole" // Ours, by scripts that have all of the SDK made.
)

// child is the body of such a process.
func child(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 2 && args[0] == goBotJob {
		return goBotMain(ctx, args[1], out)
	}
	if len(args) < 2 || jobs[args[0]] == nil {
		return errors.New("child processes are started by the benchmark itself")
	}
	jit, err := strconv.ParseBool(args[1])
	if err != nil {
		return fmt.Errorf("read whether the JIT is on: %w", err)
	}
	numbers := make([]int, len(args)-2)
	for i, a := range args[2:] {
		if numbers[i], err = strconv.Atoi(a); err != nil {
			return fmt.Errorf("read a job's numbers: %w", err)
		}
	}
	v8.Init(jit)
	found, err := jobs[args[0]](numbers)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(found); err != nil {
		return fmt.Errorf("answer the benchmark: %w", err)
	}
	return nil
}

// inChild runs a job in a process of its own.
func inChild(ctx context.Context, job string, jit bool, numbers ...int) (samples, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the benchmark's own binary: %w", err)
	}
	args := []string{"child", job, strconv.FormatBool(jit)}
	for _, n := range numbers {
		args = append(args, strconv.Itoa(n))
	}
	b, err := output(command(ctx, self, args...))
	if err != nil {
		return nil, err
	}
	var found samples
	if err := json.Unmarshal(b, &found); err != nil {
		return nil, fmt.Errorf("read what %s measured: %w", job, err)
	}
	return found, nil
}

// bothWays runs a job in children, our way and the stock one in turn.
func bothWays(ctx context.Context, job string, jit bool, times int, numbers ...int) (our, theirs samples, err error) {
	return twoWays(ctx, job, stock, jit, times, numbers...)
}

// twoWays runs a job in children, our way and another one in turn, so that both
// see the same machine. It gives the samples of each.
func twoWays(ctx context.Context, job, other string, jit bool, times int, numbers ...int) (our, theirs samples, err error) {
	our, theirs = samples{}, samples{}
	for range times {
		for _, way := range []struct {
			name string
			into samples
		}{{ours, our}, {other, theirs}} {
			found, err := inChild(ctx, job+"/"+way.name, jit, numbers...)
			if err != nil {
				return nil, nil, err
			}
			for name, values := range found {
				way.into[name] = append(way.into[name], values...)
			}
		}
	}
	return our, theirs, nil
}

// jitNote is how the two kinds of worker are told apart in the table.
func jitNote(jit bool) string {
	if jit {
		return "jit on"
	}
	return "jit off"
}
