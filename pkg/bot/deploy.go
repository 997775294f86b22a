package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

// Deploy builds, loads and stores a script, in this order, and only then lets
// it replace the one that serves. Deploys to one guild follow one another.
func (b *Bot) Deploy(ctx context.Context, r deploy.Request) (deploy.Revision, error) {
	rev, err := b.prepare(ctx, r)
	if err != nil {
		return deploy.Revision{}, err
	}
	g := b.guild(r.Guild)
	rev, s, err := g.replace(ctx, rev)
	if err != nil {
		return rev, err
	}
	if s == nil {
		return rev, g.reconcile(ctx)
	}
	// It serves, and is loaded again when it is lost, however long Discord takes
	// for what follows.
	ctx = context.WithoutCancel(ctx)
	rev.Warnings = append(rev.Warnings, g.cronWarnings()...)
	rev.Warnings = append(rev.Warnings, g.eventWarnings(ctx, s)...)
	if warning := g.syncCommands(ctx, s); warning != "" {
		rev.Warnings = append(rev.Warnings, warning)
	}
	g.keep(s)
	g.log("info", logs.TargetRuntime, fmt.Sprintf("deployed revision %s", rev.ID))
	g.settleLog(ctx)
	return rev, nil
}

// logTime is how long a deployment waits for its log line to be on disk.
const logTime = time.Second

// settleLog brings the guild's log lines to disk. A disk that fails fails no
// deployment; the log says so by itself.
func (g *guild) settleLog(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, logTime)
	defer cancel()
	_ = g.bot.cfg.Logs.Sync(ctx, g.id)
}

// replace loads and stores the revision and lets it serve. Without a script, the
// revision is that of an earlier request with the same key.
func (g *guild) replace(ctx context.Context, rev deploy.Revision) (deploy.Revision, *script, error) {
	b := g.bot
	g.deploys.Lock()
	defer g.deploys.Unlock()
	if before, found, err := g.repeated(ctx, rev.Request); found || err != nil {
		return before, nil, err
	}
	if err := g.owned(); err != nil {
		return deploy.Revision{}, nil, err
	}
	g.place(true) // Whoever may deploy to a guild has the bot in it.
	base, err := b.cfg.Store.Current(ctx, g.id)
	switch {
	case err == nil:
		rev.BaseRevisionID = base.ID
	case !fault.Is(err, fault.NotFound):
		return deploy.Revision{}, nil, err
	}
	rev.ChangeSummary = deploy.Summarize(base.Files, rev.Files)
	s, err := newScript(ctx, g, rev, true)
	if err != nil {
		return deploy.Revision{}, nil, b.refuse(ctx, g, rev, err)
	}
	if err := g.owned(); err != nil || !s.may() {
		s.retire()
		return deploy.Revision{}, nil, errElsewhere()
	}
	rev.Status = deploy.Success
	rev.DeployedAt = time.Now().UTC()
	// Once loaded, a script is stored and serves, or neither: a caller that
	// went away must not leave it in between.
	if err := b.cfg.Store.PutRevision(context.WithoutCancel(ctx), rev); err != nil {
		s.retire()
		if fault.Is(err, fault.Conflict) { // Another replica had the same request.
			if before, found, rerr := g.repeated(context.WithoutCancel(ctx), rev.Request); found {
				return before, nil, rerr
			}
		}
		return deploy.Revision{}, nil, fmt.Errorf("store the revision: %w", err)
	}
	old, done := g.swap(s, true)
	if old != nil {
		b.background(func(ctx context.Context) { old.drain(ctx, b.limits().Dispatch) })
	}
	if !done {
		// It is stored, and the guild's owner loads it.
		return deploy.Revision{}, nil, errElsewhere()
	}
	return rev, s, nil
}

// repeated looks for what came of an earlier request with the key.
func (g *guild) repeated(ctx context.Context, key deploy.RequestKey) (rev deploy.Revision, found bool, err error) {
	if key.IsZero() {
		return rev, false, nil
	}
	rev, err = g.bot.cfg.Store.ByRequest(ctx, g.id, key.Key)
	if fault.Is(err, fault.NotFound) {
		return deploy.Revision{}, false, nil
	}
	if err != nil {
		return deploy.Revision{}, false, err
	}
	rev, err = rev.Repeat(key)
	return rev, true, err
}

// cronWarnings tells of the jobs that will not run.
func (g *guild) cronWarnings() (warnings []string) {
	for _, job := range g.bot.cfg.Crons.Jobs(g.id) {
		if job.Warning != "" {
			warning := fmt.Sprintf("cron job %q: %s", job.Name, job.Warning)
			g.log("warn", logs.TargetRuntime, warning)
			warnings = append(warnings, warning)
		}
	}
	return warnings
}

// prepare makes the bundle.
func (b *Bot) prepare(ctx context.Context, r deploy.Request) (deploy.Revision, error) {
	rev := deploy.Revision{
		ID: uuid.NewString(), Guild: r.Guild, Entry: r.Entry, Source: r.Source, Actor: r.Actor, BuildID: r.BuildID, RollbackOf: r.RollbackOf,
		Request: r.Key, Files: r.Files, SourceMap: r.SourceMap,
	}
	if r.Bundle != nil {
		rev.Bundle = *r.Bundle
	} else {
		out, err := b.guild(r.Guild).build(ctx, bundle.Input{Entry: r.Entry, Files: r.Files})
		if err != nil {
			return rev, err
		}
		rev.Bundle = out.Code
		rev.SourceMap = &deploy.SourceMap{Path: "bundle.js.map", Contents: out.Map}
	}
	if len(rev.Bundle) > b.limits().ScriptBytes {
		text := fmt.Sprintf("script exceeds size limit (it has %d bytes, max %d bytes)", len(rev.Bundle), b.limits().ScriptBytes)
		b.guild(r.Guild).hit(limit.ScriptBytes, 1, "deploy refused: "+text)
		return rev, fault.New(fault.TooLarge, "%s", text)
	}
	if m := rev.SourceMap; m != nil && len(m.Contents) > maxSourceMap {
		rev.SourceMap = nil
		rev.Warnings = append(rev.Warnings, fmt.Sprintf("the source map has %d bytes, more than %d: it is not kept, and errors show positions in the bundle", len(m.Contents), maxSourceMap))
	}
	return rev, nil
}

// build bundles the guild's sources, one deployment after the other: however
// many come at once, and however long they take, others have their turn.
func (g *guild) build(ctx context.Context, in bundle.Input) (bundle.Output, error) {
	select {
	case g.building <- struct{}{}:
		defer func() { <-g.building }()
	case <-ctx.Done():
		return bundle.Output{}, fault.Wrap(ctx.Err(), fault.Unavailable, "the build did not start in time because others of this server are under way; try again")
	}
	return g.bot.cfg.Bundle.Build(ctx, in)
}

// maxSourceMap bounds what a loaded script keeps in memory beside itself.
const maxSourceMap = 8 << 20

// refuse records the failed revision and gives the caller's error.
func (b *Bot) refuse(ctx context.Context, g *guild, rev deploy.Revision, err error) error {
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Code != fault.DeployFailed {
		return err
	}
	rev.Status, rev.Error, rev.DeployedAt = deploy.Failed, f.Message, time.Now().UTC()
	g.log("error", logs.TargetRuntime, "deploy failed: "+f.Message)
	// A conflict is that another replica had the same request, and keeps it.
	if err := b.cfg.Store.PutRevision(context.WithoutCancel(ctx), rev); err != nil {
		if fault.Is(err, fault.Conflict) && !rev.Request.IsZero() {
			return fault.Wrap(err, fault.DeployFailed, "deployment failed: %s", f.Message)
		}
		return fmt.Errorf("store the failed revision: %w", err)
	}
	out := fault.Wrap(err, fault.DeployFailed, "deployment failed: %s", f.Message)
	return out.With("revision_id", rev.ID)
}
