package isolate

import (
	"container/heap"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/platform"
	"github.com/flora-runtime/flora-runtime/pkg/subtle"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// native answers every call out of JavaScript; see the boot contract in
// sdk-bundle/src/host.ts.
func (l *loop) native(index int, context, a, b float64, text []byte) v8.Result {
	if index < len(l.g.cfg.Ops) {
		return l.call(index, uint64(context), text)
	}
	if index -= len(l.g.cfg.Ops); index >= len(locals) {
		return l.g.cfg.Natives[index-len(locals)].Call(string(text))
	}
	switch locals[index] {
	case "log":
		l.log(min(Level(a), Error), text)
	case "timerStart":
		return l.startTimer(uint64(a), b, string(text) == "1", uint64(context))
	case "timerClear":
		l.clearTimer(uint64(a))
	case "done":
		l.settle(uint64(a), parseFailure(text))
	case "subscribe":
		if a == 1 {
			return l.declare(CommandMark, string(text))
		}
		return l.declare(Subscription, string(text))
	case "commands":
		return l.declare(Commands, string(text))
	case "cronRegister":
		return l.declare(Cron, string(text))
	case "secretPlaceholder":
		if mark, ok := l.g.env.Load().Secrets[string(text)]; ok {
			return v8.String(mark)
		}
	case "environment":
		return l.environment(a == 1, string(text))
	case "url":
		return l.platform(platform.URL(text))
	case "random":
		return random(a)
	case "utf8Encode":
		return l.platform(platform.Encode(text))
	case "utf8Decode":
		return l.platform(platform.Decode(text, a == 1))
	case "encodingName":
		return l.platform(platform.EncodingName(string(text)))
	case "decode":
		name, bytes, _ := strings.Cut(string(text), "\n")
		return l.platform(platform.DecodeAs(name, []byte(bytes), int(a)&1 != 0, int(a)&2 != 0))
	case "codecOpen":
		id, err := l.codecs.Open(string(text), a == 1)
		if err != nil {
			return v8.TypeError("%s", err.Error())
		}
		return v8.Number(float64(id))
	case "codecRun":
		return l.platform(l.codecs.Run(uint64(a), text, b == 1))
	case "codecEnd":
		l.codecs.End(uint64(a))
	case "about":
		return v8.String(about)
	case "subtle":
		return l.encipher(uint64(context), text)
	case "report":
		if f := parseFailure(text); f != nil {
			l.log(Uncaught, []byte(f.Text))
		}
	}
	return v8.Result{}
}

// platform answers what pkg/platform gave.
func (l *loop) platform(answer string, err error) v8.Result {
	if errors.Is(err, platform.ErrTooLong) {
		return v8.RangeError("%s", err.Error())
	}
	if err != nil {
		return v8.TypeError("%s", err.Error())
	}
	return v8.String(answer)
}

// about is what a script may know of where it runs.
var about = func() string {
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	return fmt.Sprintf(`{"v8":%q,"arch":%q}`, v8.Version(), arch)
}()

// maxRandom is what the web's crypto gives at once.
const maxRandom = 65536

// random gives random bytes of the operating system.
func random(count float64) v8.Result {
	if !(count >= 0 && count <= maxRandom) {
		return v8.RangeError("%v is no number of random bytes; it is from 0 to %d", count, maxRandom)
	}
	b := make([]byte, int(count))
	_, _ = rand.Read(b) // Ends the process where there is none.
	return v8.String(base64.StdEncoding.EncodeToString(b))
}

// environment gives one value, or all by their names as JSON. A secret comes
// before a variable of its name.
func (l *loop) environment(one bool, name string) v8.Result {
	env := l.g.env.Load()
	if one {
		if v, ok := env.Secrets[name]; ok {
			return v8.String(v)
		}
		if v, ok := env.Vars[name]; ok {
			return v8.String(v)
		}
		return v8.Result{}
	}
	all := make(map[string]string, len(env.Vars)+len(env.Secrets))
	maps.Copy(all, env.Vars)
	maps.Copy(all, env.Secrets)
	doc, err := json.Marshal(all)
	if err != nil {
		return v8.Error("%s", err.Error())
	}
	return v8.String(string(doc))
}

func (l *loop) declare(kind Declaration, value string) v8.Result {
	err := l.g.cfg.Host.Declare(kind, value)
	if e, ok := errors.AsType[*limit.Error](err); ok {
		return l.refuse(e.Limit, "%s", e.Text)
	}
	if err != nil {
		return v8.Error("%s", err.Error())
	}
	return v8.Result{}
}

// refuse throws a RangeError for what a limit forbids, and notes it.
func (l *loop) refuse(name limit.Name, format string, args ...any) v8.Result {
	text := fmt.Sprintf(format, args...)
	l.hit(name, text)
	return v8.RangeError("%s", text)
}

// tooLong answers a call whose text has more characters than any may have bytes.
func (l *loop) tooLong(index, characters int) v8.Result {
	most := l.g.cfg.Limits.OpBytes
	if index < len(l.g.cfg.Ops) {
		return l.refuse(limit.OpBytes, "The arguments of one operation may have %d bytes, these have at least %d", most, characters)
	}
	return l.refuse(limit.OpBytes, "A text may have %d bytes here, this one has at least %d", most, characters)
}

// call starts an op: control answers it.
func (l *loop) call(index int, dispatch uint64, args []byte) v8.Result {
	id, refused := l.admit(dispatch, args)
	if refused != nil {
		return *refused
	}
	l.g.cfg.Host.Op(OpCall{Op: index, Call: id, Dispatch: dispatch, Args: append([]byte(nil), args...)})
	return v8.Number(float64(id))
}

// encipher starts an operation of crypto.subtle, which is done in this process
// and ends like an op.
func (l *loop) encipher(dispatch uint64, args []byte) v8.Result {
	id, refused := l.admit(dispatch, args)
	if refused != nil {
		return *refused
	}
	l.inSubtle++
	l.subtle.Do(append([]byte(nil), args...), func(result string, err error) {
		l.g.post(func() {
			l.inSubtle--
			if e, ok := errors.AsType[*limit.Error](err); ok {
				l.hit(e.Limit, e.Text)
			}
			if err != nil {
				result = cryptoError(err)
			}
			l.resolve(id, err == nil, result)
			if l.inSubtle > 0 {
				return
			}
			waiting := l.resting
			l.resting = nil
			for _, answer := range waiting {
				l.rested(answer)
			}
		})
	})
	return v8.Number(float64(id))
}

// cryptoError is a failed operation's error as the SDK reads it.
func cryptoError(err error) string {
	doc := map[string]any{"class": "Error", "name": "QuotaExceededError", "message": err.Error(), "dom": true}
	if e, ok := errors.AsType[*subtle.Error](err); ok {
		doc["name"] = e.Name
		if e.Name == "TypeError" {
			doc = map[string]any{"class": e.Name, "message": e.Text}
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// admit gives a number to what will be answered later, or why it cannot be. What
// a dispatch that is over still asks is answered at once.
func (l *loop) admit(dispatch uint64, args []byte) (id uint32, answer *v8.Result) {
	refuse := func(name limit.Name, format string, a ...any) (uint32, *v8.Result) {
		r := l.refuse(name, format, a...)
		return 0, &r
	}
	if len(l.calls) >= l.g.cfg.Limits.PendingOps {
		return refuse(limit.PendingOps, "More than %d operations are waiting for their result; await some before starting more", l.g.cfg.Limits.PendingOps)
	}
	if most := l.g.cfg.Limits.OpBytes; len(args) > most {
		return refuse(limit.OpBytes, "The arguments of one operation may have %d bytes, these have %d", most, len(args))
	} else if l.callBytes+len(args) > 4*most {
		return refuse(limit.OpBytes, "The arguments of the operations that wait for their result may have %d bytes; await some before starting more", 4*most)
	}
	l.nextCall++
	if l.nextCall == 0 {
		l.nextCall = 1
	}
	id = l.nextCall
	l.calls[id] = call{dispatch, len(args)}
	l.callBytes += len(args)
	l.callsOf[dispatch]++
	if _, late := l.expired[dispatch]; late {
		l.g.Resolve(id, false, timeoutError("the handler that started this ran into its time limit"))
		r := v8.Number(float64(id))
		return id, &r
	}
	return id, nil
}

// maxDelay is what browsers and Node take as well: 2^31-1 ms.
const maxDelay = 1<<31 - 1

func (l *loop) startTimer(id uint64, ms float64, repeat bool, dispatch uint64) v8.Result {
	if _, dup := l.timers[id]; dup || id == 0 {
		return v8.TypeError("timer %d exists", id)
	}
	if len(l.timers) >= l.g.cfg.Limits.Timers {
		return l.refuse(limit.Timers, "More than %d timers are pending; clear some before starting more", l.g.cfg.Limits.Timers)
	}
	if !(ms >= 1) { // NaN too.
		ms = 1
	}
	delay := time.Duration(min(ms, maxDelay)) * time.Millisecond
	t := &appointment{when: l.now().Add(delay), timer: id, dispatch: dispatch}
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
