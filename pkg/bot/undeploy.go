package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Undeploy deletes the guild's deployment, stops its script and takes its cron
// jobs and slash commands away. Its history stays. What Discord did not take is
// a warning: the commands answer nobody any more.
func (b *Bot) Undeploy(ctx context.Context, id snowflake.GuildID) (warnings []string, err error) {
	g := b.guild(id)
	if err := g.remove(ctx); err != nil {
		return nil, err
	}
	// It is gone, however long Discord takes for what follows.
	if warning := g.clearCommands(context.WithoutCancel(ctx)); warning != "" {
		warnings = append(warnings, warning)
	}
	g.log("info", logs.TargetRuntime, "the deployment was deleted")
	return warnings, nil
}

// remove deletes the deployment and stops the script.
func (g *guild) remove(ctx context.Context) error {
	g.deploys.Lock()
	defer g.deploys.Unlock()
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, fault.Unavailable, "the request was given up before it was its turn; the deployment is still there")
	}
	if err := g.owned(); err != nil {
		return err
	}
	// Once begun, it is deleted and stopped, or neither: a caller that went away
	// must not leave it in between.
	if err := g.bot.cfg.Store.Delete(context.WithoutCancel(ctx), g.id); err != nil {
		return err
	}
	g.mu.Lock()
	g.pardon(g.record.Release) // Nothing is left to confine.
	g.mu.Unlock()
	if old := g.clear(always); old != nil {
		g.bot.background(func(ctx context.Context) { old.drain(ctx, g.bot.limits().Dispatch) })
	}
	return nil
}

// clearCommands takes the guild's slash commands away at Discord, unless it has
// a script again.
func (g *guild) clearCommands(ctx context.Context) (warning string) {
	g.syncing.Lock()
	defer g.syncing.Unlock()
	g.mu.Lock()
	serves := g.active != nil || !g.ours()
	g.mu.Unlock()
	if serves || g.bot.cfg.SyncCommands == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, syncLimit)
	defer cancel()
	if err := g.bot.cfg.SyncCommands(ctx, g.id, json.RawMessage("[]")); err != nil {
		warning = fmt.Sprintf("slash commands were not removed: %s", err)
		g.log("error", logs.TargetRuntime, warning)
	}
	return warning
}
