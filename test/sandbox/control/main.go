//go:build nativeprobe

// Command control stands for the runtime's control: it starts workers as that
// does, from a binary that makes attacks on request, and tells how each went.
//
//	control <flora-runtime> auto|require|off jit|nojit
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/nativeprobe"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
)

// outcome is one line of the output.
type outcome struct {
	nativeprobe.Attack
	Thread string
	Result int64
	Errno  int
	Killed string // The signal that the worker died of.
}

// threads are where attacks come from.
var threads = []string{"v8", "go", "later"}

// patience bounds the life of one worker.
const patience = time.Minute

func main() {
	if err := run(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "control:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 4 {
		return errors.New("usage: control <flora-runtime> auto|require|off jit|nojit")
	}
	sdk, err := sdkbundle.Bundle()
	if err != nil {
		return err
	}
	mode := sandbox.Mode(os.Args[2])
	e, err := supervisor.NewExecutable(context.Background(), supervisor.Executable{
		Path: os.Args[1], Sandbox: mode, JIT: os.Args[3] == "jit", Memory: 1 << 30, Threads: 8,
	}, sdk)
	if err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	for _, thread := range threads {
		var mild []nativeprobe.Attack
		for _, a := range nativeprobe.Attacks() {
			switch {
			case mode == sandbox.Off && !a.Works: // They might do what they are for.
			case a.Deadly:
				if err := attack(e, thread, []nativeprobe.Attack{a}); err != nil {
					return fmt.Errorf("%s from the %s thread: %w", a.Name, thread, err)
				}
			default:
				mild = append(mild, a)
			}
		}
		if err := attack(e, thread, mild); err != nil {
			return fmt.Errorf("attacks from the %s thread: %w", thread, err)
		}
	}
	return nil
}

// attack starts a worker and has it make the attacks, in order.
func attack(e *supervisor.Executable, thread string, attacks []nativeprobe.Attack) error {
	proc, err := e.Launch(context.Background(), 1)
	if err != nil {
		return err
	}
	late := time.AfterFunc(patience, proc.Kill)
	defer func() {
		late.Stop()
		proc.Kill()
		_ = proc.Wait()
		_ = proc.Conn().Close()
		_ = proc.Release()
	}()
	if err := send(proc.Conn(), thread, attacks); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for at := 0; at < len(attacks); {
		frame, err := proc.Conn().Recv()
		o := outcome{Attack: attacks[at], Thread: thread}
		switch f := frame.(type) {
		case wire.Outcome:
			if f.Name != o.Name {
				return fmt.Errorf("the worker answers %s, want %s", f.Name, o.Name)
			}
			o.Result, o.Errno = f.Result, f.Errno
		case wire.Ready, wire.Declared:
			continue
		case nil:
			ended := proc.Wait()
			if o.Killed = signalOf(ended); o.Killed == "" {
				return fmt.Errorf("the worker ended at %s: %w, %w", o.Name, err, ended)
			}
		default:
			return fmt.Errorf("the worker sent %T %+v before it answered %s", f, f, o.Name)
		}
		if err := out.Encode(o); err != nil {
			return err
		}
		at++
		if o.Killed != "" && at < len(attacks) {
			return fmt.Errorf("the worker died of %s at %s", o.Killed, o.Name)
		}
	}
	return nil
}

func send(c *wire.Conn, thread string, attacks []nativeprobe.Attack) error {
	if err := c.Send(wire.Hello{Version: wire.Version, Turns: 4}); err != nil {
		return err
	}
	if thread != "v8" {
		for _, a := range attacks {
			if err := c.Send(wire.Attack{Name: a.Name, Thread: thread}); err != nil {
				return err
			}
		}
		return nil
	}
	names := make([]string, len(attacks))
	for i, a := range attacks {
		names[i] = a.Name
	}
	list, err := json.Marshal(names)
	if err != nil {
		return err
	}
	return c.Send(wire.Load{
		Instance: 2, Name: "attack.js", Info: "{}", Source: "for (const name of " + string(list) + ") console.log(`nativeprobe ${name}`);",
		Limits: wire.Limits{MemoryBytes: 64 << 20, TurnMS: 30_000, LoadMS: 30_000, PendingOps: 10, Timers: 10, Crons: 1, LogsPerSecond: 100_000, LogBurst: 100_000},
	})
}

func signalOf(err error) string {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return ""
	}
	if st, ok := exit.Sys().(syscall.WaitStatus); ok && st.Signaled() {
		return st.Signal().String()
	}
	return ""
}
