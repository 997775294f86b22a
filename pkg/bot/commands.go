package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

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
	if commands == nil || g.bot.cfg.SyncCommands == nil || s.has(commandsSum(commands)) {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, syncLimit)
	defer cancel()
	if err := g.bot.cfg.SyncCommands(ctx, g.id, commands); err != nil {
		message := fmt.Sprintf("slash commands were not registered: %s", namedCommands(err.Error(), commands))
		g.log("error", logs.TargetRuntime, message)
		return message
	}
	s.mu.Lock()
	s.synced = commandsSum(commands)
	s.mu.Unlock()
	return ""
}

// has reports whether Discord has these commands, because the script was loaded
// before.
func (s *script) has(sum string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.synced == sum
}

// place is how Discord and the checks before it say which command they mean:
// "0.options.1: ..." or "commands[0].description".
var place = regexp.MustCompile(`(?:[ ]|^|commands\[)(\d{1,3})[\].]`)

// namedCommands adds to a refusal the names of the commands that it counts:
// one wrong command keeps all of them from being registered, and an author
// knows them by name.
func namedCommands(refusal string, commands json.RawMessage) string {
	var names []string
	for _, m := range place.FindAllStringSubmatch(refusal, -1) {
		name := gjson.GetBytes(commands, m[1]+".name")
		if !name.Exists() {
			continue
		}
		n := name.String()
		if len(n) > 64 {
			n = strings.ToValidUTF8(n[:64], "") + "..."
		}
		if text := fmt.Sprintf("%s is %s", m[1], strconv.Quote(n)); !slices.Contains(names, text) {
			names = append(names, text)
		}
	}
	if len(names) == 0 {
		return refusal
	}
	return fmt.Sprintf("%s (command %s)", refusal, strings.Join(names, ", "))
}
