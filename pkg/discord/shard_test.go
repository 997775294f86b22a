package discord

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"
)

func TestShardPauses(t *testing.T) {
	t.Parallel()
	dial, drop := errors.New("no route"), newCloseError(4000, "", 0)
	type end struct {
		err   error
		up    bool
		lived time.Duration
		from  time.Duration // The pause is from half of this to this.
		to    time.Duration
	}
	for _, c := range []struct {
		name string
		ends []end
		kept bool
	}{
		{"a settled connection is followed at once", []end{{drop, true, time.Hour, 0, 0}, {drop, true, time.Hour, 0, 0}}, true},
		{"one that ends early too, but not again", []end{{drop, true, time.Second, 0, 0}, {drop, true, time.Second, time.Second, 2 * time.Second}}, true},
		{
			"pauses grow, within bounds", []end{
				{dial, false, 0, 500 * time.Millisecond, time.Second}, {dial, false, 0, time.Second, 2 * time.Second}, {dial, false, 0, 2 * time.Second, 4 * time.Second},
				{dial, false, 0, 4 * time.Second, 8 * time.Second}, {dial, false, 0, 5 * time.Second, 10 * time.Second}, {dial, false, 0, 5 * time.Second, 10 * time.Second},
			}, true,
		},
		{"they begin anew", []end{{dial, false, 0, 500 * time.Millisecond, time.Second}, {drop, true, time.Minute, 0, 0}, {dial, false, 0, 500 * time.Millisecond, time.Second}}, true},
		{"a session that is over", []end{{errInvalidSession, false, 0, time.Second, 5 * time.Second}}, false},
		{"a session that is refused for now", []end{{errInvalidKept, false, 0, time.Second, 5 * time.Second}, {errInvalidKept, false, 0, time.Second, 5 * time.Second}}, true},
		{"and again and again", []end{{errInvalidKept, false, 0, time.Second, 5 * time.Second}, {errInvalidKept, false, 0, time.Second, 5 * time.Second}, {errInvalidKept, false, 0, time.Second, 5 * time.Second}}, false},
		{"a code that ends it", []end{{newCloseError(4009, "", 0), true, time.Hour, 0, 0}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			slot := &memorySession{session: Session{ID: "a", Seq: 1}}
			s := &shard{slot: slot, log: zap.NewNop(), gateway: &Gateway{cfg: GatewayConfig{RetryMin: time.Second, RetryMax: 10 * time.Second, InvalidWait: 5 * time.Second}}}
			for i, e := range c.ends {
				if got := s.judge(e.err, e.up, e.lived); got < e.from || got > e.to {
					t.Errorf("pause %d is %v, want %v to %v", i, got, e.from, e.to)
				}
			}
			if _, kept := slot.Load(); kept != c.kept {
				t.Errorf("the session is kept: %v", kept)
			}
		})
	}
}
