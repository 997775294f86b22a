// Package secret keeps the secrets of guilds: values that scripts may send to
// certain hosts and never see. A script gets a placeholder; pkg/egress puts the
// value in its place on the way out, and takes it out of what comes back.
//
// Values are sealed at rest, each bound to its guild, name, id and hosts, so that
// whoever writes to the database can neither read one nor have it sent
// elsewhere. A value is shown by nothing in this package: not in errors, not in
// logs, not when a struct is printed.
package secret

import (
	"context"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Secret is what may be shown of one.
type Secret struct {
	ID    string // A UUID, new when a secret is made anew after a delete.
	Guild snowflake.GuildID
	Name  string
	// AllowedHosts are where the value may be sent: hosts, "*.suffix", or "*" for
	// everywhere.
	AllowedHosts []string
	AllowHTTP    bool // Without encryption, too.
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Record is a secret as it is stored.
type Record struct {
	Secret
	// Tag is the end of the placeholder. It is stored because it must not change
	// with the key that it was made with.
	Tag    string
	KeyID  string // Of the key that sealed it.
	Sealed []byte
}

// Prefix begins every placeholder.
const Prefix = "__FLORA_SECRET__"

// Placeholder is what scripts get instead of the value.
func (r Record) Placeholder() string { return Prefix + ":" + r.ID + ":" + r.Tag }

// Store keeps records. What was acknowledged is there after a crash.
type Store interface {
	// Secrets lists the guild's by name, in the order of its bytes.
	Secrets(ctx context.Context, guild snowflake.GuildID) ([]Record, error)
	// PutSecret makes a secret, or replaces the one with its guild and name. That
	// one must have its ID, else the error is a fault.Conflict: somebody else
	// made or removed it meanwhile. A new one is refused with
	// fault.QuotaExceeded when the guild has most.
	PutSecret(ctx context.Context, r Record, most int) error
	// DeleteSecret reports whether there was one.
	DeleteSecret(ctx context.Context, guild snowflake.GuildID, name string) (deleted bool, err error)
	// StaleSecrets lists secrets of all guilds that another key than keyID
	// sealed, by id, those after the given one.
	StaleSecrets(ctx context.Context, keyID, after string, limit int) ([]Record, error)
	// ResealSecret replaces KeyID and Sealed of the secret with the id if it is
	// sealed as was; else it does nothing, for it was written meanwhile.
	ResealSecret(ctx context.Context, id string, was []byte, keyID string, sealed []byte) error
}

// value is a secret in the clear. Whatever prints it prints something else, be it
// deep in a struct where fmt does not ask for its methods: a function is printed
// as an address.
type value struct{ reveal func() string }

func newValue(text string) value { return value{func() string { return text }} }

func (value) String() string               { return "<secret>" }
func (value) GoString() string             { return "<secret>" }
func (value) MarshalText() ([]byte, error) { return []byte("<secret>"), nil }

// Format implements fmt.Formatter, for every verb.
func (value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("<secret>")) }

// TooMany is the fault of a secret too many.
func TooMany(most int) error {
	return fault.New(fault.QuotaExceeded, "this server has %d secrets, and may not have more; delete one first", most)
}
