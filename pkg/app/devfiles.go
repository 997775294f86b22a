package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// addressFile, in the data folder, says where dev runs. "flora dev" looks for
// it.
const addressFile = "dev.json"

// running is what is in the address file.
type running struct {
	PID       int                 `json:"pid"`
	URL       string              `json:"url"`
	Guild     snowflake.GuildID   `json:"guild"`
	Channel   snowflake.ChannelID `json:"channel"`
	TokenFile string              `json:"token_file"`
}

func writeAddress(name string, r running) error {
	doc, err := json.Marshal(r)
	if err == nil {
		err = renameio.WriteFile(name, append(doc, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the address file: %w", err)
	}
	return nil
}

// tokenFile writes an API token that may do everything, unless the file holds
// one that works.
func (rt *runtime) tokenFile(ctx context.Context, name string) (string, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("find the token file: %w", err)
	}
	if b, err := os.ReadFile(name); err == nil {
		if _, err := rt.tokens.Verify(ctx, strings.TrimSpace(string(b))); err == nil {
			return name, nil
		}
	}
	token, _, err := rt.tokens.Create(ctx, "dev", auth.Owner{UserID: operator, Username: operator})
	if err != nil {
		return "", fmt.Errorf("make an API token: %w", err)
	}
	// A new file with its rights from the start, in the old one's place.
	if err := renameio.WriteFile(name, []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the token file: %w", err)
	}
	return name, nil
}
