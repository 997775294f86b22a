package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

// syncLimit is how long Discord may take to change a guild's slash commands.
const syncLimit = 15 * time.Second

// syncCommands makes Discord's commands the script's latest, one call after
// another. It gives a warning when that does not work.
func (g *guild) syncCommands(ctx context.Context, s *script) string {
	g.syncing.Lock()
	defer g.syncing.Unlock()
	g.mu.Lock()
	active := g.active == s
	g.mu.Unlock()
	if !active {
		return "" // The script that comes next declares its own.
	}
	commands := s.takeCommands()
	if commands == nil || g.bot.cfg.SyncCommands == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, syncLimit)
	defer cancel()
	if err := g.bot.cfg.SyncCommands(ctx, g.id, commands); err != nil {
		message := fmt.Sprintf("slash commands were not registered: %s", err)
		g.log("error", logs.TargetRuntime, message)
		return message
	}
	return ""
}
