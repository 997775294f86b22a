// Package op is the registry of what a script can ask of the runtime: each op
// has a name, a mode, a confinement rule and a handler, declared once in one
// table. The worker makes JavaScript functions from the names, control runs the
// handlers. A handler never trusts its arguments beyond what Define decoded,
// and takes the guild only from the Call.
package op

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Rule says what an op's ids must be proven to belong to before it runs.
type Rule string

// The confinement rules; see ARCHITECTURE.md.
const (
	Self        Rule = "self"        // Takes no foreign id: the guild is the caller's own.
	Guild       Rule = "guild"       // guildId, if given, must be the caller's own.
	Channel     Rule = "channel"     // channelId must be a channel of the guild.
	Thread      Rule = "thread"      // threadId must be a thread of the guild.
	Webhook     Rule = "webhook"     // webhookId must be a webhook of the guild.
	Interaction Rule = "interaction" // token must be one the guild received in the last 15 minutes.
	Invite      Rule = "invite"      // code must be that of an invite to the guild.

	// Within is for arguments only: Discord looks for the thing inside what the
	// path has proven (a message in its channel, a role in its guild), so it
	// only has to be an id.
	Within Rule = "within"
	// Everybody is for what is nobody's: a user's public profile, the list of
	// Discord's own sounds.
	Everybody Rule = "everybody"
)

// Call is one invocation, as control knows it.
type Call struct {
	Guild snowflake.GuildID
	Args  json.RawMessage
	Raw   []byte // Bytes beside the arguments; an op without use for them ignores them.
	// Life ends with the script: what an op leaves behind goes by then.
	Life context.Context //nolint:containedctx // It is the caller's, not the call's.
	// Keep has the script not be put away for being idle until release is called;
	// nil keeps nothing.
	Keep func() (release func())
}

// WithBytes is a result with bytes beside it: they cross as they are, and the
// SDK gets them as a Uint8Array. Nil bytes are none.
type WithBytes struct {
	Result any
	Bytes  []byte
}

// Handler answers a call; the result is marshalled to JSON for the script
// (json.RawMessage passes through, nil becomes undefined, WithBytes has both).
type Handler func(ctx context.Context, c Call) (any, error)

// Op is one row of the table.
type Op struct {
	Name    string // op_<verb>_<noun>
	Rule    Rule
	Params  []Param // The members of its argument document.
	Handler Handler
	Local   bool // It asks nobody outside, so a script may call it more often.
	// Timeout bounds the handler; 0 is the runtime's limit for ops.
	Timeout time.Duration
	// Stream is for a step of something that has limits of its own: the rate of
	// ops does not count it.
	Stream bool
	// Waits is for a step that only waits for what comes from outside: it has no
	// time limit, and a script whose other ops have ended is at rest.
	Waits bool
}

// Define makes an op whose argument document is decoded into the struct A; see
// Decode for the rules. A may implement Validate() error.
func Define[A any](name string, rule Rule, handle func(ctx context.Context, guild snowflake.GuildID, args A) (any, error)) Op {
	return DefineCall(name, rule, func(ctx context.Context, c Call, args A) (any, error) { return handle(ctx, c.Guild, args) })
}

// DefineCall is Define for an op that needs more of its call than the guild.
func DefineCall[A any](name string, rule Rule, handle func(ctx context.Context, c Call, args A) (any, error)) Op {
	return Op{Name: name, Rule: rule, Params: paramsOf(reflect.TypeFor[A](), rule), Handler: func(ctx context.Context, c Call) (any, error) {
		if len(c.Raw) > MaxArgs {
			return nil, fault.New(fault.TooLarge, "Bytes beside the arguments are %d; the limit is %d", len(c.Raw), MaxArgs)
		}
		var args A
		if err := Decode(c.Args, &args); err != nil {
			return nil, err
		}
		if v, ok := any(&args).(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return nil, err
			}
		}
		return handle(ctx, c, args)
	}}
}

// Table is the set of all ops in a fixed order; an op's index is what crosses
// the wire.
type Table struct {
	ops   []Op
	index map[string]int
}

// NewTable builds a table and refuses duplicate or unnamed ops.
func NewTable(groups ...[]Op) (*Table, error) {
	t := &Table{index: map[string]int{}}
	for _, g := range groups {
		for _, o := range g {
			if o.Name == "" || o.Handler == nil {
				return nil, fmt.Errorf("op %q lacks a name or a handler", o.Name)
			}
			if _, dup := t.index[o.Name]; dup {
				return nil, fmt.Errorf("op %q is declared twice", o.Name)
			}
			t.index[o.Name] = len(t.ops)
			t.ops = append(t.ops, o)
		}
	}
	return t, nil
}

// Names lists the ops in table order.
func (t *Table) Names() []string {
	out := make([]string, len(t.ops))
	for i, o := range t.ops {
		out[i] = o.Name
	}
	return out
}

// At gives the op with the given index.
func (t *Table) At(i int) (Op, bool) {
	if i < 0 || i >= len(t.ops) {
		return Op{}, false
	}
	return t.ops[i], true
}

// All lists the ops in table order.
func (t *Table) All() []Op { return slices.Clone(t.ops) }

// Lookup gives the op with the given name.
func (t *Table) Lookup(name string) (Op, bool) {
	i, ok := t.index[name]
	if !ok {
		return Op{}, false
	}
	return t.ops[i], true
}
