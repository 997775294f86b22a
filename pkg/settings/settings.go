// Package settings keeps what a guild's admins set beside the script: switches
// of the runtime's own behaviour, and plain variables that the script reads.
package settings

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/mirror"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Settings are a guild's switches; the zero value is what a guild begins with.
type Settings struct {
	// ErrorReplies has the bot answer an interaction whose handler failed before
	// it answered, with ErrorText or DefaultErrorText.
	ErrorReplies bool   `json:"error_replies"`
	ErrorText    string `json:"error_reply_text"`
	// InboundEndpoint opens the guild's own HTTP endpoint.
	InboundEndpoint bool `json:"inbound_endpoint"`
}

// DefaultErrorText is what the bot answers when nothing else is set.
const DefaultErrorText = "Something went wrong with this command."

// Variable is a value that scripts read by name. It is no secret.
type Variable struct {
	Name      string
	Value     string
	UpdatedAt time.Time
}

// Bounds of a guild's settings.
const (
	MaxErrorText = 2000 // Characters, as Discord counts those of a message.
	MaxVariables = 100
	MaxValue     = 32 << 10 // Bytes.
)

// Store keeps settings. What was acknowledged is there after a crash.
type Store interface {
	// Settings are the zero value when nothing was set.
	Settings(ctx context.Context, guild snowflake.GuildID) (Settings, error)
	PutSettings(ctx context.Context, guild snowflake.GuildID, s Settings) error
	// Variables lists the guild's by name, in the order of its bytes.
	Variables(ctx context.Context, guild snowflake.GuildID) ([]Variable, error)
	// PutVariable makes or replaces one. A new one is refused with
	// fault.QuotaExceeded when the guild has most.
	PutVariable(ctx context.Context, guild snowflake.GuildID, v Variable, most int) error
	// DeleteVariable reports whether there was one.
	DeleteVariable(ctx context.Context, guild snowflake.GuildID, name string) (deleted bool, err error)
}

// Config of a Service.
type Config struct {
	Store Store
	// Changed, if not nil, is told when something of a guild changed.
	Changed func(guild snowflake.GuildID)
	// Wrote, if not nil, is told when something of a guild may have been written
	// here. It must not wait.
	Wrote func(guild snowflake.GuildID)
	// Copies is a folder for copies of what is in a store elsewhere; "" has none.
	Copies string
	Clock  clock.Clock // nil is the real time.
	Log    *zap.Logger // nil logs nothing.
}

// Service is the settings of all guilds.
type Service struct {
	cfg   Config
	known *mirror.Mirror[all]
}

// all is everything of a guild.
type all struct {
	Settings Settings          `json:"settings"`
	Vars     map[string]string `json:"vars"`
}

// New makes a service; Run must run beside it.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	s := &Service{cfg: cfg}
	s.known = mirror.New(mirror.Config[all]{Read: s.read, Changed: cfg.Changed, Wrote: cfg.Wrote, Copies: cfg.Copies, Clock: cfg.Clock, Log: cfg.Log})
	return s
}

func (s *Service) read(ctx context.Context, guild snowflake.GuildID) (out all, err error) {
	if out.Settings, err = s.cfg.Store.Settings(ctx, guild); err != nil {
		return all{}, err
	}
	vars, err := s.cfg.Store.Variables(ctx, guild)
	if err != nil {
		return all{}, err
	}
	out.Vars = make(map[string]string, len(vars))
	for _, v := range vars {
		out.Vars[v.Name] = v.Value
	}
	return out, nil
}

// Run reads again what could not be read, until ctx ends.
func (s *Service) Run(ctx context.Context) error { return s.known.Run(ctx) }

// Doubt has what is known of guilds read again: another process may have changed it.
func (s *Service) Doubt(of func(guild snowflake.GuildID) bool) { s.known.Doubt(of) }

// Unlearn says that what is known of guilds is of another time.
func (s *Service) Unlearn(of func(guild snowflake.GuildID) bool) { s.known.Unlearn(of) }

// Load reads what the guild has into memory.
func (s *Service) Load(ctx context.Context, guild snowflake.GuildID) error {
	return s.known.Load(ctx, guild)
}

// Vars are the guild's variables by name, as far as they were loaded; nobody
// may change the map. It does not wait.
func (s *Service) Vars(guild snowflake.GuildID) map[string]string { return s.known.Get(guild).Vars }

// ErrorReply is what the bot answers when a handler failed, "" for nothing. It
// does not wait.
func (s *Service) ErrorReply(guild snowflake.GuildID) string {
	switch set := s.known.Get(guild).Settings; {
	case !set.ErrorReplies:
		return ""
	case set.ErrorText == "":
		return DefaultErrorText
	default:
		return set.ErrorText
	}
}

// KnownEndpoint is InboundEndpoint as far as it is known. It does not wait.
func (s *Service) KnownEndpoint(guild snowflake.GuildID) bool {
	return s.known.Get(guild).Settings.InboundEndpoint
}

// InboundEndpoint says whether the guild's endpoint is open. It waits for the
// store only when nothing is known of the guild.
func (s *Service) InboundEndpoint(ctx context.Context, guild snowflake.GuildID) (bool, error) {
	if !s.known.Known(guild) {
		if err := s.known.Load(ctx, guild); err != nil && !s.known.Known(guild) {
			return false, err
		}
	}
	return s.KnownEndpoint(guild), nil
}

// Get gives the guild's settings.
func (s *Service) Get(ctx context.Context, guild snowflake.GuildID) (Settings, error) {
	return s.cfg.Store.Settings(ctx, guild)
}

// Put replaces the guild's settings.
func (s *Service) Put(ctx context.Context, guild snowflake.GuildID, set Settings) error {
	if n := utf8.RuneCountInString(set.ErrorText); n > MaxErrorText {
		return fault.New(fault.InvalidInput, "Bad request: error_reply_text has %d characters; at most %d are taken", n, MaxErrorText)
	}
	if !text(set.ErrorText) {
		return fault.New(fault.InvalidInput, "Bad request: error_reply_text must be UTF-8 without NUL")
	}
	if set.ErrorText != "" && strings.TrimSpace(set.ErrorText) == "" {
		return fault.New(fault.InvalidInput, "Bad request: error_reply_text is blank; leave it out for the standard text")
	}
	return s.known.Write(ctx, guild, func(ctx context.Context) error { return s.cfg.Store.PutSettings(ctx, guild, set) })
}

func text(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// Variables lists the guild's variables by name.
func (s *Service) Variables(ctx context.Context, guild snowflake.GuildID) ([]Variable, error) {
	return s.cfg.Store.Variables(ctx, guild)
}

// PutVariable makes or replaces a variable.
func (s *Service) PutVariable(ctx context.Context, guild snowflake.GuildID, name, value string) (Variable, error) {
	if err := secret.CheckName(name); err != nil {
		return Variable{}, err
	}
	if len(value) > MaxValue {
		return Variable{}, fault.New(fault.TooLarge, "the value has %d bytes; a variable may have %d", len(value), MaxValue)
	}
	if !text(value) {
		return Variable{}, fault.New(fault.InvalidInput, "Bad request: the value must be UTF-8 without NUL")
	}
	v := Variable{Name: name, Value: value, UpdatedAt: s.cfg.Clock.Now().UTC().Truncate(time.Microsecond)}
	err := s.known.Write(ctx, guild, func(ctx context.Context) error { return s.cfg.Store.PutVariable(ctx, guild, v, MaxVariables) })
	return v, err
}

// DeleteVariable removes a variable and reports whether there was one.
func (s *Service) DeleteVariable(ctx context.Context, guild snowflake.GuildID, name string) (deleted bool, err error) {
	if err := secret.CheckName(name); err != nil {
		return false, err
	}
	err = s.known.Write(ctx, guild, func(ctx context.Context) (err error) {
		deleted, err = s.cfg.Store.DeleteVariable(ctx, guild, name)
		return err
	})
	return deleted, err
}

// TooMany is the fault of a variable too many.
func TooMany(most int) error {
	return fault.New(fault.QuotaExceeded, "this server has %d variables, and may not have more; delete one first", most)
}
