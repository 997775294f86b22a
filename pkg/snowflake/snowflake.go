// Package snowflake gives every kind of Discord id its own type, so that a
// channel id can never be passed where a guild id is meant. Ids are 64-bit
// unsigned integers that Discord writes as decimal strings; valid ones lie in
// 1..2^63-1.
package snowflake

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// ErrInvalid is returned for text that is no id in 1..2^63-1.
var ErrInvalid = errors.New("not a Discord id (a decimal number from 1 to 9223372036854775807)")

// epoch is Discord's epoch, the first second of 2015, in Unix milliseconds.
const epoch = 1420070400000

type kind interface {
	guild | channel | user | message | role | webhook | interaction | application | command | emoji | attachment
}

type (
	guild       struct{}
	channel     struct{}
	user        struct{}
	message     struct{}
	role        struct{}
	webhook     struct{}
	interaction struct{}
	application struct{}
	command     struct{}
	emoji       struct{}
	attachment  struct{}
)

// ID is a Discord id of the kind K. The zero value means "none".
type ID[K kind] uint64

// The kinds of id.

type (
	// GuildID is a server's.
	GuildID = ID[guild]
	// ChannelID is a channel's or thread's.
	ChannelID = ID[channel]
	// UserID is a user's or bot's.
	UserID = ID[user]
	// MessageID is a message's.
	MessageID = ID[message]
	// RoleID is a role's.
	RoleID = ID[role]
	// WebhookID is a webhook's.
	WebhookID = ID[webhook]
	// InteractionID is an interaction's.
	InteractionID = ID[interaction]
	// ApplicationID is an application's.
	ApplicationID = ID[application]
	// CommandID is an application command's.
	CommandID = ID[command]
	// EmojiID is a custom emoji's.
	EmojiID = ID[emoji]
	// AttachmentID is an attachment's.
	AttachmentID = ID[attachment]
)

// Parse reads a decimal id. Signs, spaces, leading zeros, 0 and anything above
// 2^63-1 are refused with ErrInvalid.
func Parse[K kind](s string) (ID[K], error) {
	if len(s) == 0 || len(s) > 19 || s[0] < '1' || s[0] > '9' {
		return 0, ErrInvalid
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > math.MaxInt64 {
		return 0, ErrInvalid
	}
	return ID[K](n), nil
}

// ParseGuild reads a guild id.
func ParseGuild(s string) (GuildID, error) { return Parse[guild](s) }

// ParseChannel reads a channel id.
func ParseChannel(s string) (ChannelID, error) { return Parse[channel](s) }

// ParseUser reads a user id.
func ParseUser(s string) (UserID, error) { return Parse[user](s) }

// String is the decimal form that Discord uses, "0" for none.
func (id ID[K]) String() string { return strconv.FormatUint(uint64(id), 10) }

// IsZero reports whether the id is none.
func (id ID[K]) IsZero() bool { return id == 0 }

// Time is the moment the id was made, to the millisecond.
func (id ID[K]) Time() time.Time { return time.UnixMilli(int64(uint64(id)>>22) + epoch) } //nolint:gosec // 42 bits fit.

// MarshalText writes the decimal form; as a JSON value the id is a string.
func (id ID[K]) MarshalText() ([]byte, error) {
	return strconv.AppendUint(nil, uint64(id), 10), nil
}

// UnmarshalText reads the decimal form and refuses everything else.
func (id *ID[K]) UnmarshalText(b []byte) error {
	v, err := Parse[K](string(b))
	if err != nil {
		return fmt.Errorf("%q: %w", clip(string(b)), err)
	}
	*id = v
	return nil
}

// At makes an id whose timestamp is t and whose low 22 bits are seq.
func At[K kind](t time.Time, seq uint64) ID[K] {
	return ID[K](uint64(t.UnixMilli()-epoch)<<22 | seq&(1<<22-1)) //nolint:gosec // Times before 2015 do not occur.
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
