package bot

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Reconcile makes what runs what the store has: after scripts were loaded from
// copies, or when it was not known whether a revision was written. all are the
// store's deployments.
func (b *Bot) Reconcile(ctx context.Context, all []deploy.Deployment) error {
	stored := map[snowflake.GuildID]string{}
	for _, d := range all {
		stored[d.Guild] = d.RevisionID
	}
	for _, g := range b.all() {
		if g.owned() != nil {
			continue
		}
		if _, ok := stored[g.id]; !ok {
			stored[g.id] = ""
		}
	}
	var errs []error
	for id, revision := range stored {
		if !b.owns(id) {
			continue
		}
		if g := b.guild(id); g.differs(revision) {
			errs = append(errs, g.reconcile(ctx))
		}
	}
	return errors.Join(errs...)
}

// Settle makes what the guild runs what the store has: for whoever is told of a
// revision that an earlier request made, of which it was not known whether it was
// written, or that came by another process.
func (b *Bot) Settle(ctx context.Context, guild snowflake.GuildID) error {
	if !b.owns(guild) {
		return nil // Its owner sees to it.
	}
	return b.guild(guild).reconcile(ctx)
}

// differs reports whether the guild runs something other than the revision; ""
// is nothing.
func (g *guild) differs(revision string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.left || !g.ours():
		return false
	case g.active != nil:
		return g.active.revision.ID != revision
	case g.asleep:
		return g.latest.revision.ID != revision
	}
	// One that is on its way comes from the store by itself.
	return !g.awaiting && revision != "" && (g.latest == nil || g.latest.revision.ID != revision)
}

// reconcile loads what the store has for the guild beside what runs, and swaps.
// The store is asked again: a deployment may have come meanwhile.
func (g *guild) reconcile(ctx context.Context) error {
	g.deploys.Lock()
	defer g.deploys.Unlock()
	rev, err := g.bot.cfg.Saved.Stored(ctx, g.id)
	if fault.Is(err, fault.NotFound) {
		if old := g.clear(always); old != nil {
			old.retire()
			g.log("warn", logs.TargetRuntime, "the script is stopped: its deployment was deleted while the database could not be asked")
			g.bot.background(func(ctx context.Context) { g.clearCommands(ctx) })
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !g.differs(rev.ID) {
		return nil
	}
	s, err := newScript(ctx, g, rev, false)
	if err != nil {
		if fault.Is(err, fault.DeployFailed) {
			g.log("error", logs.TargetRuntime, fmt.Sprintf("revision %s, which is the deployed one, did not load; the one before goes on: %s", rev.ID, fault.From(err).Message))
			return nil
		}
		return err
	}
	old, done := g.swap(s, false)
	if !done {
		return nil
	}
	g.bot.cfg.Log.Info("guild runs what the database has", zap.Stringer("guild_id", g.id), zap.String("revision", rev.ID))
	g.log("info", logs.TargetRuntime, fmt.Sprintf("revision %s was loaded: it is the deployed one", rev.ID))
	g.bot.background(func(ctx context.Context) {
		g.announce(ctx, s)
		if old != nil {
			old.drain(ctx, g.bot.limits().Dispatch)
		}
	})
	return nil
}
