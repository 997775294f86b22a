// Package isolate is one guild's life in V8: it loads a script, runs its event
// loop (dispatches that overlap at their awaits, op results, timers), holds it
// to its limits and tells its Host what the script asks for. It knows the boot
// contract with the SDK, but nothing of Discord or of what an op does.
//
// One goroutine owns the isolate. Everything else reaches it through its inbox.
package isolate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// Kinds of entry into the SDK; see sdk-bundle/src.
const (
	enterDispatch = 1
	enterResult   = 2
	enterTimer    = 3
	enterLoad     = 4
)

// LoadID is the dispatch id of a script's evaluation.
const LoadID = 1

// Limits bound one script. Zero means the default in brackets.
type Limits struct {
	MemoryBytes   int64         // JavaScript heap and buffers, together [128 MiB].
	TurnCPU       time.Duration // CPU of one turn [1 s].
	LoadCPU       time.Duration // CPU of a turn while loading [30 s].
	LoadWall      time.Duration // From start to loaded [30 s].
	PendingOps    int           // Ops that wait for control [1,024].
	OpBytes       int           // Arguments of one op [16 MiB], and of four all that wait.
	Timers        int           // Pending timers [512].
	CryptoCPU     time.Duration // CPU of crypto.subtle at once [10 s], and a fifth of a core after that.
	LogsPerSecond int           // Log lines [100],
	LogBurst      int           // and at once before that [1,000].
}

func (l *Limits) defaults() {
	fill(&l.MemoryBytes, 128<<20)
	fill(&l.TurnCPU, time.Second)
	fill(&l.LoadCPU, 30*time.Second)
	fill(&l.LoadWall, 30*time.Second)
	fill(&l.PendingOps, 1024)
	fill(&l.OpBytes, 16<<20)
	fill(&l.Timers, 512)
	fill(&l.CryptoCPU, 10*time.Second)
	fill(&l.LogsPerSecond, 100)
	fill(&l.LogBurst, 1000)
}

func fill[T int | int64 | time.Duration](v *T, fallback T) {
	if *v == 0 {
		*v = fallback
	}
}

// Failure is how a dispatch or a load went wrong, for the guild's log.
type Failure struct {
	Name    string `json:"name"`
	Message string `json:"message"`
	Stack   string `json:"stack,omitempty"`
	Text    string `json:"text"` // "Name: message" and the stack, as it is logged.
}

// Error is the text that is logged.
func (f *Failure) Error() string { return f.Text }

// Level is the severity of a log line.
type Level int

// The levels, as the SDK numbers them.
const (
	Trace Level = iota
	Debug
	Info
	Warn
	Error
	Uncaught // An error that nobody caught; it is logged as one.
)

// Declaration is a kind of thing a script declares.
type Declaration string

// What scripts declare.
const (
	Subscription Declaration = "event"    // The name of an event it handles.
	CommandMark  Declaration = "mark"     // What begins the messages it handles, when it does not subscribe to all.
	Commands     Declaration = "commands" // JSON: all slash commands of the guild.
	Cron         Declaration = "cron"     // JSON: {name, expr, skipIfRunning}.
)

// OpCall is an op that waits for its result.
type OpCall struct {
	Op       int // Index in Config.Ops.
	Call     uint32
	Dispatch uint64 // The dispatch it was called for, 0 if none.
	Args     []byte // JSON, owned by the receiver.
}

// Host is what a script's isolate talks to. Its methods are called from the
// isolate's goroutine, in order, and must not block long or call back into the
// Guild except through its asynchronous methods.
type Host interface {
	Op(c OpCall)
	Log(level Level, text string)
	// Settled ends a dispatch or, with LoadID, the load.
	Settled(id uint64, failure *Failure)
	// Declare returns an error that is thrown to the script. A *limit.Error is
	// told to Limit as well.
	Declare(kind Declaration, value string) error
	// Limit tells of a limit that the script ran into: at once the first time,
	// then at most once a second.
	Limit(h Hit)
	// Gone is the last call: the isolate is no more. lost is nil after Stop;
	// otherwise what has not settled never will.
	Gone(lost error)
}

// Hit is a limit that a script ran into.
type Hit struct {
	Limit limit.Name
	Count int    // How many times.
	Text  string // What to tell its authors; "" when they are told otherwise.
}

// Config describes one script.
type Config struct {
	Blob   *v8.Blob
	Ops    []string
	Limits Limits
	Info   string // JSON for the SDK: guildId, applicationId.
	Name   string // Shown in stacks.
	Source string // An ES module.
	Env    Env
	Host   Host
	Slots  *Slots
	// Mark, if not nil, gets the id of each dispatch before its handlers begin,
	// which thread runs a turn, and what ended the process.
	Mark *mark.Slot
	// Now is the clock of timers and limits of wall time, nil the real one.
	// Another one fires timers only when Rest is called: for tests of scripts.
	Now func() time.Time
	// Natives are answered at once beside the SDK's own: for tests of scripts.
	Natives []Native
}

// Native is a function that the SDK's script is booted with. It is called with
// a text as its third argument, on the isolate's goroutine.
type Native struct {
	Name string
	Call func(text string) v8.Result
}

// Env is what a script reads of its environment, by name. Nobody changes the
// maps.
type Env struct {
	Vars    map[string]string
	Secrets map[string]string // Placeholders.
}

// Slots bounds how many turns run at once in a process. It lies well above the
// number of cores, so that the operating system shares them out.
type Slots struct{ free chan struct{} }

// NewSlots makes n slots.
func NewSlots(n int) *Slots { return &Slots{free: make(chan struct{}, n)} }

func (s *Slots) take() { s.free <- struct{}{} }
func (s *Slots) give() { <-s.free }

// locals are the natives that are answered at once, by index after the ops.
var locals = []string{
	"log", "timerStart", "timerClear", "done", "subscribe", "commands", "cronRegister", "secretPlaceholder", "environment", "report", "url", "random",
	"utf8Encode", "utf8Decode", "encodingName", "decode", "codecOpen", "codecRun", "codecEnd",
	"about",
	"subtle",
}

// Dispatch is one event for the script.
type Dispatch struct {
	ID      uint64
	Event   string
	Payload string        // JSON.
	Wall    time.Duration // From entry to settled.
	CPU     time.Duration // Of each turn; 0 is the script's TurnCPU.
}

// Guild is a running script. Its methods are safe for concurrent use and do
// not wait for JavaScript.
type Guild struct {
	cfg  Config
	iso  *v8.Isolate
	loop loop
	env  atomic.Pointer[Env]

	mu      sync.Mutex // Guards inbox, stopped and live.
	inbox   []func()
	live    *v8.Isolate // What Stop may terminate; nil before and after.
	stopped bool
	wake    chan struct{}
	done    chan struct{}
}

// Start begins to load the script. The outcome comes as Host.Settled(LoadID).
func Start(cfg Config) *Guild {
	cfg.Limits.defaults()
	g := &Guild{cfg: cfg, wake: make(chan struct{}, 1), done: make(chan struct{})}
	g.env.Store(&cfg.Env)
	g.loop.init(g)
	go g.run()
	return g
}

// Dispatch delivers an event.
func (g *Guild) Dispatch(d Dispatch) { g.post(func() { g.loop.dispatch(d) }) }

// Resolve settles an op with its JSON result, or its error document.
func (g *Guild) Resolve(call uint32, ok bool, result string) {
	g.post(func() { g.loop.resolve(call, ok, result) })
}

// SetEnv replaces the environment; what the script asks from now on is answered
// from it, in the middle of a turn, too.
func (g *Guild) SetEnv(e Env) { g.env.Store(&e) }

// Extend gives a dispatch this much time from now.
func (g *Guild) Extend(id uint64, d time.Duration) {
	g.post(func() { g.loop.extend(id, g.loop.now().Add(d)) })
}

// Rest does what came before and what is due, and then answers with the time of
// the next timer or limit, zero when there is none.
func (g *Guild) Rest(answer func(next time.Time)) { g.post(func() { g.loop.rested(answer) }) }

// Stop ends the script, in the middle of a turn if need be, and waits.
func (g *Guild) Stop() {
	g.mu.Lock()
	g.stopped = true
	if g.live != nil {
		g.live.Stop()
	}
	g.mu.Unlock()
	g.nudge()
	<-g.done
}

func (g *Guild) stopping() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped
}

// Done is closed when the isolate is gone.
func (g *Guild) Done() <-chan struct{} { return g.done }

func (g *Guild) post(f func()) {
	g.mu.Lock()
	g.inbox = append(g.inbox, f)
	g.mu.Unlock()
	g.nudge()
}

func (g *Guild) setLive(iso *v8.Isolate) {
	g.mu.Lock()
	g.live = iso
	g.mu.Unlock()
}

func (g *Guild) nudge() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

func (g *Guild) run() {
	defer close(g.done)
	err := g.boot()
	for err == nil {
		err = g.loop.step()
	}
	g.loop.abandon(err)
	g.loop.codecs.Close()
	g.loop.subtle.Close()
	g.setLive(nil)
	if g.iso != nil {
		g.iso.Dispose()
	}
	if errors.Is(err, errStopped) {
		err = nil
	}
	g.cfg.Host.Gone(err)
}

func (g *Guild) boot() error {
	g.cfg.Slots.take()
	defer g.cfg.Slots.give()
	names := slices.Concat(g.cfg.Ops, locals)
	for _, n := range g.cfg.Natives {
		names = append(names, n.Name)
	}
	iso, err := v8.New(v8.Config{
		Blob: g.cfg.Blob, MemoryLimit: g.cfg.Limits.MemoryBytes,
		Natives: names, Info: g.cfg.Info, Call: g.loop.native, Marks: g.marks(),
		TextLimit: g.cfg.Limits.OpBytes, TooLong: g.loop.tooLong,
	})
	if err != nil {
		return fmt.Errorf("start an isolate: %w", err)
	}
	g.iso = iso
	g.setLive(iso)
	g.loop.begin(Dispatch{ID: LoadID, Wall: g.cfg.Limits.LoadWall, CPU: g.cfg.Limits.LoadCPU})
	return g.loop.turn(LoadID, func(cpu time.Duration) error {
		defer watched()()
		return iso.Load(g.cfg.Name, g.cfg.Source, enterLoad, LoadID, cpu)
	})
}

func (g *Guild) marks() v8.Marks {
	if g.cfg.Mark == nil {
		return v8.Marks{}
	}
	return v8.Marks{Turn: &g.cfg.Mark.Turn, Verdict: &g.cfg.Mark.Verdict, Held: &g.cfg.Mark.Held}
}

// drain takes what has arrived; stop reports whether Stop was called.
func (g *Guild) drain(into []func()) (out []func(), stop bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out, g.inbox = g.inbox, into[:0]
	return out, g.stopped
}

// maxText is what of a script's text, of an error or a log line, leaves the
// isolate; nobody shows more.
const maxText = 64 << 10

func parseFailure(text []byte) *Failure {
	if len(text) == 0 {
		return nil
	}
	var f Failure
	if err := json.Unmarshal(text, &f); err != nil {
		f = Failure{Name: "Error", Message: string(text)}
	}
	if f.Text == "" {
		f.Text = f.Name + ": " + f.Message
	}
	for _, field := range []*string{&f.Name, &f.Message, &f.Stack, &f.Text} {
		*field = clip(*field)
	}
	return &f
}

// clip cuts a text that is too long, at the end of a character.
func clip[T string | []byte](text T) string {
	if len(text) <= maxText {
		return string(text)
	}
	return strings.ToValidUTF8(string(text[:maxText]), "") + fmt.Sprintf("... (cut, %d bytes)", len(text))
}
