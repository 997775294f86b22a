package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// openSecrets makes the services of what admins set beside scripts.
func (rt *runtime) openSecrets() error {
	master := rt.cfg.Secrets.MasterKey
	if master == "" {
		var err error
		if master, err = ownKey(filepath.Join(rt.cfg.DataDir, "secret.key"), rt.log); err != nil {
			return err
		}
	}
	keys, err := secret.NewKeyring(master, rt.cfg.Secrets.PreviousKeys)
	if err != nil {
		return err
	}
	copies := func(name string) string {
		if rt.copies == nil {
			return "" // They are on this machine already.
		}
		return filepath.Join(rt.cfg.DataDir, name)
	}
	changed := func(guild snowflake.GuildID) { rt.bot.Refresh(guild) }
	rt.secrets = secret.New(secret.Config{Store: rt.state, Keys: keys, Changed: changed, Wrote: rt.noticeSettings, Copies: copies("secrets"), Log: rt.log.Named("secrets")})
	rt.settings = settings.New(settings.Config{Store: rt.state, Changed: changed, Wrote: rt.noticeSettings, Copies: copies("settings"), Log: rt.log.Named("settings")})
	return nil
}

// ownKey reads the key that this machine made for itself, and makes it the
// first time.
func ownKey(file string, log *zap.Logger) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the key of secrets: %w", err)
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // It never fails.
	key := hex.EncodeToString(raw)
	// Whole or not at all: half a key would open nothing.
	if err := renameio.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write a key for secrets: %w", err)
	}
	log.Info("made a key that seals secrets, as secrets.master_key is not set; without it they are lost", zap.String("file", file))
	return key, nil
}

// surroundings is bot.Environment.
type surroundings struct{ *runtime }

func (s surroundings) Load(ctx context.Context, guild snowflake.GuildID) error {
	return errors.Join(s.secrets.Load(ctx, guild), s.settings.Load(ctx, guild))
}

func (s surroundings) Env(guild snowflake.GuildID) []wire.Variable {
	var out []wire.Variable
	for name, value := range s.settings.Vars(guild) {
		out = append(out, wire.Variable{Name: name, Value: value})
	}
	for name, mark := range s.secrets.Current(guild).Placeholders() {
		out = append(out, wire.Variable{Name: name, Value: mark, Secret: true})
	}
	return out
}

func (s surroundings) ErrorReply(guild snowflake.GuildID) string { return s.settings.ErrorReply(guild) }

// respond answers an interaction like the guild's script would, so that what
// holds for scripts holds here.
func (rt *runtime) respond(ctx context.Context, guild snowflake.GuildID, id snowflake.InteractionID, token, text string) error {
	o, ok := rt.ops.Lookup("op_send_interaction_response")
	if !ok {
		return errors.New("there is no op that answers interactions")
	}
	args, err := json.Marshal(map[string]any{"interactionId": id, "token": token, "content": text, "ephemeral": true})
	if err != nil {
		return fmt.Errorf("encode an error reply: %w", err)
	}
	_, err = o.Handler(ctx, op.Call{Guild: guild, Args: args})
	return err
}
