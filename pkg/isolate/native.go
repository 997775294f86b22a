package isolate

import (
	"container/heap"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// native answers every call out of JavaScript; see the boot contract in
// sdk-bundle/src/host.ts.
func (l *loop) native(index int, context, a, b float64, text []byte) v8.Result {
	if index < len(l.g.cfg.Ops) {
		return l.call(index, uint64(context), text)
	}
	host := l.g.cfg.Host
	switch locals[index-len(l.g.cfg.Ops)] {
	case "log":
		host.Log(min(max(Level(a), Trace), Error), clip(text))
	case "timerStart":
		return l.startTimer(uint64(a), b, string(text) == "1", uint64(context))
	case "timerClear":
		l.clearTimer(uint64(a))
	case "done":
		l.settle(uint64(a), parseFailure(text))
	case "subscribe":
		if a == 1 {
			return declare(host, CommandMark, string(text))
		}
		return declare(host, Subscription, string(text))
	case "commands":
		return declare(host, Commands, string(text))
	case "cronRegister":
		return declare(host, Cron, string(text))
	case "secretPlaceholder":
		return v8.Error("Stored secrets are not available in this version of Flora: secrets.get(%q) cannot answer", string(text))
	case "report":
		if f := parseFailure(text); f != nil {
			host.Log(Error, f.Text)
		}
	}
	return v8.Result{}
}

func declare(host Host, kind Declaration, value string) v8.Result {
	if err := host.Declare(kind, value); err != nil {
		return v8.Error("%s", err.Error())
	}
	return v8.Result{}
}

func (l *loop) call(index int, dispatch uint64, args []byte) v8.Result {
	if len(l.calls) >= l.g.cfg.Limits.PendingOps {
		return v8.RangeError("More than %d operations are waiting for their result; await some before starting more", l.g.cfg.Limits.PendingOps)
	}
	if limit := l.g.cfg.Limits.OpBytes; len(args) > limit {
		return v8.RangeError("The arguments of one operation may have %d bytes, these have %d", limit, len(args))
	} else if l.callBytes+len(args) > 4*limit {
		return v8.RangeError("The arguments of the operations that wait for their result may have %d bytes; await some before starting more", 4*limit)
	}
	l.nextCall++
	if l.nextCall == 0 {
		l.nextCall = 1
	}
	id := l.nextCall
	l.calls[id] = call{dispatch, len(args)}
	l.callBytes += len(args)
	l.callsOf[dispatch]++
	if _, late := l.expired[dispatch]; late {
		l.g.Resolve(id, false, timeoutError("the handler that started this ran into its time limit"))
		return v8.Number(float64(id))
	}
	l.g.cfg.Host.Op(OpCall{Op: index, Call: id, Dispatch: dispatch, Args: append([]byte(nil), args...)})
	return v8.Number(float64(id))
}

// maxDelay is what browsers and Node take as well: 2^31-1 ms.
const maxDelay = 1<<31 - 1

func (l *loop) startTimer(id uint64, ms float64, repeat bool, dispatch uint64) v8.Result {
	if _, dup := l.timers[id]; dup || id == 0 {
		return v8.TypeError("timer %d exists", id)
	}
	if len(l.timers) >= l.g.cfg.Limits.Timers {
		return v8.RangeError("More than %d timers are pending; clear some before starting more", l.g.cfg.Limits.Timers)
	}
	if !(ms >= 1) { // NaN too.
		ms = 1
	}
	delay := time.Duration(min(ms, maxDelay)) * time.Millisecond
	t := &appointment{when: time.Now().Add(delay), timer: id, dispatch: dispatch}
	if repeat {
		t.every = delay
	}
	l.timers[id] = t
	heap.Push(&l.due, t)
	return v8.Result{}
}

func (l *loop) clearTimer(id uint64) {
	if t, ok := l.timers[id]; ok {
		delete(l.timers, id)
		l.due.remove(t)
	}
}
