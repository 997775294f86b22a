package replica

import (
	"context"
	"errors"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
)

// Errors of a Store beside fault.Unavailable.
var (
	// ErrStale says that the shard is another's now, or nobody's: what was to be
	// written was not.
	ErrStale = errors.New("the shard is not this process's any more")
	// ErrBusy says that a shard cannot be taken now: somebody has it, or it is not
	// as the taker saw it.
	ErrBusy = errors.New("the shard cannot be taken now")
)

// Store keeps what the replicas of one bot agree on. Each method is one step that
// happens at once or not at all; one that fails may have happened, or may happen
// later. Time is the store's. While it cannot be reached methods fail with
// fault.Unavailable, or when ctx ends.
//
// A store may lose everything, but not a part of what one shard has.
type Store interface {
	// Beat lets the member live for a lease from now, and tells what there is. A
	// member whose time was over, or that the store does not know, begins anew
	// without shards, and View.Fresh says so.
	Beat(ctx context.Context, b Beat) (View, error)
	// Leave ends the member at once and lets its shards go.
	Leave(ctx context.Context, instance string) error
	// Take makes the shard the member's, under a new generation, and gives what is
	// kept of it; or ErrBusy.
	Take(ctx context.Context, t Take) (Taken, error)
	// Write writes to the shard's ledger, all or nothing; or ErrStale. Of a shard's
	// writes of one generation those with a smaller number than one that was written
	// are ErrStale: so one that was on its way for long does no harm.
	Write(ctx context.Context, w Write) (Written, error)
	// Identify asks for a turn in the queue of IDENTIFYs. It is given when wait is
	// zero; else it is worth asking again after wait.
	Identify(ctx context.Context, i Identify) (wait time.Duration, err error)
	// Watch calls news when members or owners have changed, or may have, until ctx
	// ends.
	Watch(ctx context.Context, news func()) error
}

// Peer is a member as the others see it.
type Peer struct {
	Member
	// Instance is another for each process, also of one name.
	Instance string
	// Serving says that it takes shards.
	Serving bool
}

// Beat is a member's sign of life.
type Beat struct {
	Peer
	// Lease and Shards are what the group agrees on when nobody else does yet; no
	// Shards are no opinion.
	Lease  time.Duration
	Shards int
}

// View is what a member sees of the group.
type View struct {
	Fresh  bool
	Rival  *Living // Another live member has the name: then the beat did nothing, and the rest is empty.
	Lease  time.Duration
	Shards int // 0 as long as nobody has said it.
	Peers  []Living
	Owners map[int]Owner
	// Fallow is how long no shard can be taken, because the store has lost what
	// there was: owners that it does not know of may live.
	Fallow time.Duration
}

// Living is a peer and how long it lives without another beat.
type Living struct {
	Peer
	Left time.Duration
}

// Owner is who took a shard last.
type Owner struct {
	Generation int64
	Instance   string // "" when it was let go.
}

// Take asks for a shard.
type Take struct {
	Instance string
	Shard    int
	Seen     int64 // The generation that the taker saw, 0 for none.
	Above    int64 // The new generation is above this one in any case.
	// Unbegun are events that the taker claimed under the generation Of, and knows
	// that it did not begin: their claims are taken back.
	Of      int64
	Unbegun []int64
}

// Taken is a shard's state when it was taken.
type Taken struct {
	Generation int64
	Former     string // The instance that had it, "" when it had been let go.
	Session    discord.Session
	// Claimed are the events above Session.Seq that were begun; of them, Settled are
	// done with. Both ascend.
	Claimed, Settled []int64
}

// Write is a change of a shard's ledger. Its parts happen in this order.
type Write struct {
	Instance   string
	Shard      int
	Generation int64
	Number     int64 // Grows from one attempt to the next.
	// Session, if not nil, replaces the session and clears the ledger.
	Session *discord.Session
	// Low is the number up to which all is settled, if it is above the one before.
	Low int64
	// Free takes claims back, Claim makes them, Settle says that nothing more
	// becomes of what was claimed.
	Free, Claim, Settle []int64
	// Release lets the shard go.
	Release bool
}

// Written is the answer to a Write.
type Written struct {
	// Granted is whether each claim is this generation's.
	Granted []bool
	// Before is the number of the last write that the store had.
	Before int64
}

// Identify asks for a turn, or gives it back.
type Identify struct {
	Instance string
	// Lane is the class of shards, of which one may begin a session each Every.
	Lane  int
	Every time.Duration
	// Hold is how long the turn lasts, unless Done or Left comes before.
	Hold time.Duration
	// Done says that IDENTIFY was sent, Left that it was not and will not be. Both
	// are for who has the turn.
	Done, Left bool
	// Limit, if not nil, is what Discord said just now about the day.
	Limit *discord.SessionStartLimit
}
