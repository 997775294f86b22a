package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// interactionLife is how long Discord takes answers to an interaction.
const interactionLife = 15 * time.Minute

// pendingBytes bounds the arguments of a script's ops that are being answered.
const pendingBytes = 64 << 20

// load is how many ops are being answered, those apart that only wait for what
// comes from outside, and the size of their arguments.
type load struct{ ops, waits, bytes int }

func (l *load) begin(o op.Op, bytes int) { l.change(o, 1, bytes) }
func (l *load) end(o op.Op, bytes int)   { l.change(o, -1, -bytes) }

func (l *load) change(o op.Op, n, bytes int) {
	l.bytes += bytes
	if o.Waits {
		l.waits += n
	} else {
		l.ops += n
	}
}

// Op implements supervisor.Host.
func (s *script) Op(c wire.OpCall) {
	most := s.guild.bot.limits().Script.PendingOps
	o, _ := s.guild.bot.cfg.Op(c.Op) // What is none costs as much.
	wait, err := s.guild.pace(o)
	if err != nil {
		s.answer(c, nil, err)
		return
	}
	size := len(c.Args) + len(c.Raw)
	s.mu.Lock()
	over := s.ops.ops+s.ops.waits >= most || s.ops.bytes+size > pendingBytes || !s.inst.Hold(size)
	if !over {
		s.ops.begin(o, size)
	}
	s.mu.Unlock()
	if over {
		s.guild.hit(limit.PendingOps, 1, fmt.Sprintf("operations are refused: more than %d are pending, or their arguments exceed %d MiB", most, pendingBytes>>20))
		s.answer(c, nil, fault.New(fault.RateLimited, "more than %d operations are pending, or their arguments exceed %d MiB", most, pendingBytes>>20))
		return
	}
	if o.Rule == op.Interaction {
		s.answering(c.Dispatch, 1)
	}
	s.guild.bot.background(func(context.Context) {
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ops.end(o, size)
			if s.ops.ops == 0 && s.calm != nil {
				close(s.calm)
				s.calm = nil
			}
			s.inst.Drop(size)
		}()
		ctx, cancel := s.opContext(o)
		defer cancel()
		clock.Sleep(ctx, clock.Real, wait)                                                                            //nolint:contextcheck // The script ends its ops.
		result, err := s.measure(ctx, o.Name, c, func(ctx context.Context) (any, error) { return s.perform(ctx, c) }) //nolint:contextcheck // The script ends its ops, and the core its scripts.
		if err != nil && o.Rule == op.Interaction {
			s.answering(c.Dispatch, -1)
		}
		if s.ctx.Err() == nil {
			s.answer(c, result, err)
		}
	})
}

// perform runs the op's handler. A panic in one fails that call alone: what
// scripts bring about in a handler must not end everybody's runtime.
func (s *script) perform(ctx context.Context, c wire.OpCall) (result any, err error) {
	o, ok := s.guild.bot.cfg.Op(c.Op)
	if !ok {
		return nil, fault.New(fault.NotSupported, "there is no such operation")
	}
	defer func() {
		if p := recover(); p != nil {
			s.guild.bot.cfg.Log.Error("an op panicked", zap.String("op", o.Name), zap.Stringer("guild_id", s.guild.id), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			err = fmt.Errorf("%s panicked: %v", o.Name, p)
		}
	}()
	if !s.may() {
		return nil, errElsewhere()
	}
	ctx = s.fence(ctx)
	result, err = o.Handler(ctx, op.Call{Guild: s.guild.id, Args: c.Args, Raw: c.Raw, Life: s.ctx, Keep: s.keep})
	if err == nil && o.Rule == op.Interaction {
		s.extend(c.Dispatch)
	}
	if _, told := errors.AsType[*fault.Fault](err); !told && errors.Is(err, context.DeadlineExceeded) {
		f := fault.Wrap(err, fault.Timeout, "the operation did not end within %s", s.opTimeout(o))
		f.Name = "TimeoutError"
		return nil, f
	}
	return result, err
}

// opContext is that of one call. It ends with the script.
func (s *script) opContext(o op.Op) (context.Context, context.CancelFunc) {
	if o.Waits {
		return context.WithCancel(s.ctx)
	}
	return context.WithTimeout(s.ctx, s.opTimeout(o))
}

// keep is for what the script has open that would be lost with it.
func (s *script) keep() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.kept--
	})
}

func (s *script) opTimeout(o op.Op) time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return s.guild.bot.limits().Op
}

// extend gives the handler of an answered interaction until its token ends.
func (s *script) extend(dispatch uint64) {
	s.mu.Lock()
	e, ok := s.inflight[dispatch]
	s.mu.Unlock()
	if ok && e.interaction {
		_ = s.inst.Extend(dispatch, interactionLife-s.guild.bot.cfg.Now().Sub(e.received))
	}
}

// answer sends the op's outcome to the script.
func (s *script) answer(c wire.OpCall, result any, err error) {
	defer s.given.Add(1) // Not before it was sent: see rest.
	var bytes []byte
	if with, ok := result.(op.WithBytes); ok {
		result, bytes = with.Result, with.Bytes
	}
	doc, raw := result.(json.RawMessage)
	if err == nil && !raw && result != nil {
		if doc, err = json.Marshal(result); err != nil {
			err = fmt.Errorf("encode an op's result: %w", err)
		}
	}
	if err != nil {
		doc, bytes = scriptError(err), nil
	}
	if sent := s.inst.Resolve(c.Call, err == nil, doc, bytes); errors.Is(sent, wire.ErrTooLarge) {
		_ = s.inst.Resolve(c.Call, false, scriptError(fault.Wrap(sent, fault.TooLarge, "the result is too large for a script")), nil)
	}
}

// scriptError is the error document that the SDK makes an Error of.
func scriptError(err error) []byte {
	f := fault.From(err)
	doc := map[string]any{}
	for k, v := range f.Details {
		doc[k] = v
	}
	doc["class"], doc["message"] = f.Class(), f.Message
	if f.Name != "" {
		doc["name"] = f.Name
	}
	if code := f.ScriptCode(); code != "" {
		doc["code"] = code
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return []byte(`{"class":"Error","message":"internal error","code":"INTERNAL"}`)
	}
	return b
}
