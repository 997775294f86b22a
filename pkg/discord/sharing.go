package discord

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Identity tells bots and Discords apart, and is worth nothing to who finds it.
// A session belongs to one of them.
func Identity(token, base string) uint64 {
	sum := sha256.Sum256([]byte(plainToken(token) + "\x00" + base))
	return binary.LittleEndian.Uint64(sum[:8])
}

// Sharing says which shards are this process's where several processes serve one
// bot. Without it, all are.
type Sharing interface {
	// Layout settles the number of shards: that of the others who live, else wanted.
	Layout(ctx context.Context, wanted int) (int, error)
	// Run claims shards until ctx ends. For each that becomes this process's, serve
	// runs in a goroutine of its own until its ctx ends, because the shard is to go
	// or was lost; which of both, SessionSlot.Valid says then. When serve has
	// returned, the slot is closed and the shard let go. A shard may come back
	// later, with another slot. An error of serve ends all, and is Run's.
	Run(ctx context.Context, identity uint64, shards int, serve func(ctx context.Context, shard int, slot SessionSlot) error) error
	// Enter waits for the right to send one IDENTIFY, among all processes. Who
	// enters calls leave in the end, and used when IDENTIFY was sent; both may be
	// called more than once.
	Enter(ctx context.Context, shard int, limit SessionStartLimit, every time.Duration) (used, leave func(), err error)
}

// Holder has what belongs to the guilds of a shard as long as it is this
// process's.
type Holder interface {
	// Take is called before a shard's session goes on or begins here: its events
	// come as soon as it has returned. valid is SessionSlot.Valid. What it gives is
	// closed when it is known what the guilds handle.
	Take(ctx context.Context, shard, of int, valid func() bool) (known <-chan struct{}, err error)
	// Drop is called when the shard goes. With kept, it is let go on purpose, and its
	// last event has come: what runs may end. Else another process may have it
	// already. It must not wait.
	Drop(shard int, kept bool)
}

// SessionStartLimit is how many sessions may be begun, as GET /gateway/bot says.
type SessionStartLimit struct {
	Total          int   `json:"total"`
	Remaining      int   `json:"remaining"`
	ResetAfter     int64 `json:"reset_after"` // Milliseconds.
	MaxConcurrency int   `json:"max_concurrency"`
}

// Claim is whether an event may begin in this process.
type Claim uint8

// The claims.
const (
	// ClaimDenied is for an event whose shard is not this process's any more: the
	// owner has it, or will.
	ClaimDenied Claim = iota
	// ClaimGranted says that no other process will begin the event.
	ClaimGranted
	// ClaimAsked says that Claimant.Claimed will tell.
	ClaimAsked
)

// Claimant is told what became of claims.
type Claimant interface {
	// Claimed is called once for each dispatch whose claim was asked, in the order
	// in which they were, from a goroutine of the slot's that holds none of its
	// locks. It must not wait. An event that was claimed may still not begin: then
	// Note takes it back with FateWaits.
	Claimed(dispatch uint64, ok bool)
}
