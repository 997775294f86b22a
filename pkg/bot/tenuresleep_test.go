package bot_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// sleepy counts guilds whose scripts sleep.
type sleepy struct {
	bot.Metrics
	n atomic.Int64
}

func (s *sleepy) Asleep(delta int)     { s.n.Add(int64(delta)) }
func (*sleepy) Quarantined(int)        {}
func (*sleepy) Woke(time.Duration)     {}
func (*sleepy) Reloaded(time.Duration) {}

// ward is a shared world whose one worker has room for two scripts. It does what it
// is told.
type ward struct {
	*world
	puppet *puppet
	valid  *atomic.Bool
	asleep *sleepy
	began  []string // What was handed to scripts, as "guild text".
	// Called at the frame that it is about, before it is answered.
	onRest, onUnload, onLoad, loaded func(guild snowflake.GuildID)
	names                            map[uint64]snowflake.GuildID
}

// newWard has the scripts of guilds 0 and 1; the first one is A.
func newWard(t *testing.T) *ward {
	t.Helper()
	asleep := &sleepy{}
	w, _, p, load, valid := sharedWorld(t, options{
		pool: func(c *supervisor.Config) { c.PerWorker = 2 },
		core: func(c *bot.Config) {
			c.Metrics, c.Memories = asleep, &shelf{all: map[snowflake.GuildID]bot.Memory{}}
		},
	})
	none := func(snowflake.GuildID) {}
	d := &ward{
		world: w, puppet: p, valid: valid, asleep: asleep, onRest: none, onUnload: none, onLoad: none, loaded: none,
		names: map[uint64]snowflake.GuildID{load.Instance: guildA},
	}
	d.admit(1)
	return d
}

// admit deploys to one more guild.
func (d *ward) admit(i int) {
	d.t.Helper()
	done := make(chan error, 1)
	go func() { _, err := d.tryDeploy(sleeper(i), "x"); done <- err }()
	d.serve("the deployment", func() bool {
		select {
		case err := <-done:
			if err != nil {
				d.t.Fatal(err)
			}
			return true
		default:
			return false
		}
	})
}

// serve plays the worker until the condition holds.
func (d *ward) serve(what string, cond func() bool) {
	d.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !cond() {
		select {
		case f, ok := <-d.puppet.frames:
			if !ok {
				d.t.Fatal("the worker's connection ended")
			}
			d.obey(f)
		case <-tick.C:
		case <-deadline:
			d.t.Fatalf("waited for %s; began: %q", what, d.began)
		}
	}
}

func (d *ward) obey(f any) {
	d.t.Helper()
	p := d.puppet
	switch f := f.(type) {
	case wire.Load:
		var id uint64
		if _, err := fmt.Sscanf(f.Name, "file:///guild/%d/bundle.js", &id); err != nil {
			d.t.Fatalf("the load %q: %v", f.Name, err)
		}
		guild := snowflake.GuildID(id)
		d.names[f.Instance] = guild
		d.onLoad(guild)
		p.declare(d.t, f.Instance, "messageCreate")
		p.send(d.t, wire.Settled{Instance: f.Instance, ID: supervisor.LoadID})
		d.loaded(guild)
	case wire.Rest:
		d.onRest(d.names[f.Instance])
		p.send(d.t, wire.Rested{Instance: f.Instance, ID: f.ID})
	case wire.Unload:
		d.onUnload(d.names[f.Instance])
		p.send(d.t, wire.Gone{Instance: f.Instance})
	case wire.Dispatch:
		d.began = append(d.began, fmt.Sprint(d.names[f.Instance]-guildA, " ", said(f)))
		p.send(d.t, wire.Settled{Instance: f.Instance, ID: f.ID})
	}
}

// TestAClaimUnderWayWhileItsScriptFallsAsleep: whenever the answer comes, what was
// granted begins once, in the script that is loaded for it; what was not is left.
func TestAClaimUnderWayWhileItsScriptFallsAsleep(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"while it goes", "while it is loaded", "when it is back"} {
		for _, granted := range []bool{true, false} {
			t.Run(fmt.Sprint(when, " ", granted), func(t *testing.T) {
				t.Parallel()
				d := newWard(t)
				c := &claims{}
				at := func(now string) func(snowflake.GuildID) {
					return func(guild snowflake.GuildID) {
						if guild == guildA && when == now && len(c.open()) > 0 {
							c.answer(1, granted)
						}
					}
				}
				came := false
				d.onRest = func(guild snowflake.GuildID) {
					if guild == guildA && !came {
						came = true
						d.say(c, guildA, "x") // Too late to keep it awake.
					}
				}
				d.onUnload, d.onLoad, d.loaded = at("while it goes"), at("while it is loaded"), at("when it is back")
				d.admit(2) // A's script goes for it.
				if !came {
					t.Fatal("A's script was not asked whether it waits for something")
				}
				d.serve("the event's fate", func() bool { return len(c.noted()) > 0 })
				d.message(guildA, "after")
				d.serve("what came later", func() bool { return len(d.began) > 0 && strings.HasSuffix(d.began[len(d.began)-1], "after") })
				began, fates := []string{"0 x", "0 after"}, []string{"1 settled"}
				if !granted {
					began, fates = began[1:], []string{"1 waits"}
				}
				if diff := cmp.Diff(began, d.began); diff != "" {
					t.Errorf("began (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(fates, c.noted()); diff != "" {
					t.Errorf("fates (-want +got):\n%s", diff)
				}
				d.serve("one to sleep", func() bool { return d.asleep.n.Load() == 1 })
			})
		}
	}
}

// TestAShardGoesWhileAGuildSleeps: nothing of it is left, and it sleeps again when the
// shard comes back, until something comes for it.
func TestAShardGoesWhileAGuildSleeps(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{true, false} {
		t.Run(fmt.Sprint("kept ", kept), func(t *testing.T) {
			t.Parallel()
			d := newWard(t)
			d.admit(2)
			if n := d.asleep.n.Load(); n != 1 || d.bot.Status(guildA).State != conduct.Asleep {
				t.Fatalf("%d scripts sleep, want A's", n)
			}
			d.valid.Store(kept)
			d.bot.Drop(0, kept)
			gone := 0
			d.onUnload = func(snowflake.GuildID) { gone++ }
			d.serve("the scripts to go", func() bool { return gone == 2 })
			if n := d.asleep.n.Load(); n != 0 || d.bot.Status(guildA).State == conduct.Asleep {
				t.Errorf("%d scripts sleep that are another's", n)
			}
			c := &claims{direct: true}
			d.say(c, guildA, "nobody's")
			d.valid.Store(true)
			known, tried := d.take(0, 1, d.valid), false
			d.serve("the others to be loaded", func() bool {
				select {
				case <-known:
					tried = true
				default:
				}
				return tried
			})
			if n := d.asleep.n.Load(); n != 1 || d.bot.Status(guildA).State != conduct.Asleep {
				t.Fatalf("%d scripts sleep, want A's", n)
			}
			d.say(c, guildA, "wakes")
			d.serve("A to wake", func() bool { return len(d.began) > 0 })
			if diff := cmp.Diff([]string{"0 wakes"}, d.began); diff != "" {
				t.Errorf("began (-want +got):\n%s", diff)
			}
			d.serve("another one to sleep", func() bool { return d.asleep.n.Load() == 1 })
		})
	}
}
