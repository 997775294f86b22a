package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/examples/starter"
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
	"github.com/flora-runtime/flora-runtime/pkg/watch"
)

// connectLimit bounds dev's wait for the first connection to Discord.
const connectLimit = 2 * time.Minute

// options are what a command says beside the configuration.
type options struct {
	file       string
	dataDir    string
	port       int
	guilds     int
	free       bool
	record     string   // Folder that the simulated Discord writes what it sees into.
	project    *project // nil is the starter, for a guild without a deployment.
	bare       bool     // No starter either.
	last       []string // Steps of the start after those of the runtime.
	playground bool     // Serves a page to play with the bot.
	patient    bool     // Waits for Discord however long that takes.
}

func devCommand(s State) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use: "dev [dir]", Short: "Run everything on this machine, with a simulated Discord",
		Long: `Runs a whole runtime with embedded storage; only if database.url is set, it keeps
deployments and tokens in Postgres. Without DISCORD_TOKEN it brings a simulated
Discord, on the same port. The script in dir is deployed to the first guild, and
again after each save; without dir, a guild that has no script gets the starter
bot.`,
		Example: "  flora-runtime dev\n  flora-runtime dev my-bot --port 4000",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := someGuilds(o.guilds); err != nil {
				return err
			}
			if len(args) == 1 {
				dir, err := filepath.Abs(args[0])
				if err != nil {
					return fmt.Errorf("find %s: %w", args[0], err)
				}
				o.project = &project{name: args[0], dir: dir, tree: os.DirFS(dir)}
				if err := o.project.open(); err != nil {
					return err
				}
			}
			cfg, err := o.load(s, c.Flags().Changed)
			if err != nil {
				return err
			}
			o.record = recordFolder(s)
			return runDev(c.Context(), s, cfg, o)
		},
	}
	c.Flags().StringVar(&o.file, "config", "", "TOML file with settings")
	c.Flags().StringVar(&o.dataDir, "data-dir", "data", "folder that keeps deployments, data and the API token")
	c.Flags().IntVar(&o.port, "port", 3000, "port on 127.0.0.1; 0 takes a free one")
	c.Flags().IntVar(&o.guilds, "guilds", 2, "number of simulated guilds")
	c.Flags().BoolVar(&o.free, "no-rate-limits", false, "the simulated Discord never answers 429")
	c.Flags().BoolVar(&o.bare, "no-starter", false, "deploy nothing to a guild that has no script")
	return c
}

// load reads the configuration; flags that were given win over it.
func (o *options) load(s State, given func(name string) bool) (config.Config, error) {
	flags := map[string]string{"api.address": loopback}
	if given("port") {
		flags["api.port"] = strconv.Itoa(o.port)
	}
	if given("data-dir") {
		flags["data_dir"] = o.dataDir
	}
	return config.Load(config.Options{File: o.file, Env: s.Env, Flags: flags})
}

func runDev(ctx context.Context, s State, cfg config.Config, o options) (err error) {
	log, _, err := telemetry.NewLogger(cfg.LogLevel, cfg.LogFormat, s.Stderr)
	if err != nil {
		return err
	}
	life := newLifeline(log)
	defer func() {
		err = errors.Join(err, life.stop())
	}()
	o.last = []string{"script"}
	o.playground = true
	rt, err := assemble(ctx, cfg, o, life, log)
	if err != nil {
		return err
	}
	if err := rt.boot(ctx); err != nil {
		return rt.unlessAsked(ctx, err)
	}
	first, channel, err := rt.firstGuild(ctx)
	if err != nil {
		return err
	}
	life.run("showing logs", func(ctx context.Context) error { return rt.showLogs(ctx, first) })
	if err := rt.begin(ctx, life, first, o); err != nil {
		return err
	}
	tokenFile, err := rt.tokenFile(ctx, filepath.Join(cfg.DataDir, "token"))
	if err != nil {
		return err
	}
	address := filepath.Join(cfg.DataDir, addressFile)
	if err := writeAddress(address, running{PID: os.Getpid(), URL: rt.url, Guild: first, Channel: channel, TokenFile: tokenFile}); err != nil {
		return err
	}
	life.release("address", func() error { return os.Remove(address) })
	rt.health.Done("script")
	_, _ = fmt.Fprintf(s.Stdout, "ready %s guild=%s channel=%s token_file=%s\n", rt.url, first, channel, tokenFile)
	err = life.wait(ctx)
	rt.health.Stopping()
	return err
}

// begin deploys what the first guild is to run, and follows its sources.
func (rt *runtime) begin(ctx context.Context, life *lifeline, first snowflake.GuildID, o options) error {
	if o.project == nil && o.bare {
		return nil
	}
	var saves *watch.Watcher
	if o.project != nil {
		var err error
		if saves, err = watch.New(); err != nil {
			return err
		}
		life.release("watching files", saves.Close)
	}
	if err := rt.deployFirst(ctx, first, o.project); err != nil {
		return err
	}
	if o.project != nil {
		life.run("watching "+o.project.name, func(ctx context.Context) error { return rt.watch(ctx, first, o.project, saves) })
	}
	return nil
}

// deployFirst gives the first guild the project, or the starter bot when there
// is none and the guild has no script. A project that does not load is the
// author's to mend: dev goes on and waits for the next save.
func (rt *runtime) deployFirst(ctx context.Context, guild snowflake.GuildID, p *project) error {
	if p == nil {
		_, err := rt.state.Current(ctx, guild)
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		p = &project{name: "the starter bot", tree: starter.Files()}
		if err := p.open(); err != nil {
			return err
		}
		return rt.deploy(ctx, guild, p)
	}
	if err := rt.deploy(ctx, guild, p); err != nil {
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok || f.Status() >= 500 {
			return err
		}
		rt.log.Error("not deployed; waiting for a save", zap.String("project", p.name), zap.Error(err))
	}
	return nil
}

func (rt *runtime) deploy(ctx context.Context, guild snowflake.GuildID, p *project) (err error) {
	// What is saved from here on is deployed next.
	if p.seen, err = p.stamp(); err != nil {
		return err
	}
	files, err := p.files()
	if err != nil {
		return err
	}
	rev, err := rt.bot.Deploy(ctx, deploy.Request{Guild: guild, Entry: p.entry, Files: files, Source: "bootstrap", Actor: deploy.Actor{Username: "system", Type: deploy.ActorSystem}})
	if err != nil {
		return err
	}
	rt.log.Info("deployed", zap.String("project", p.name), zap.Stringer("guild_id", guild), zap.String("revision", rev.ID))
	for _, w := range rev.Warnings {
		rt.log.Warn(w)
	}
	return nil
}

// watch deploys the project again after each save.
func (rt *runtime) watch(ctx context.Context, guild snowflake.GuildID, p *project, saves *watch.Watcher) error {
	for {
		places, err := p.places()
		if err == nil {
			err = saves.Set(places)
		}
		if err != nil {
			rt.log.Error("saves may go unnoticed", zap.String("project", p.name), zap.Error(err))
		}
		// Also before the first change: what was saved before Set is seen here.
		if now, err := p.stamp(); err == nil && now != p.seen {
			if err := rt.deploy(ctx, guild, p); err != nil && ctx.Err() == nil {
				rt.log.Error("not deployed; waiting for the next save", zap.String("project", p.name), zap.Error(err))
			}
			continue // A folder may be new.
		}
		select {
		case <-ctx.Done():
			return nil
		case <-saves.Changes():
		}
	}
}

// firstGuild waits until it is known which guilds the bot is in, and gives the
// oldest with its oldest text channel.
func (rt *runtime) firstGuild(ctx context.Context) (snowflake.GuildID, snowflake.ChannelID, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for len(rt.gateway.State().Guilds()) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, 0, errors.New("the bot is in no guild; invite it to one")
		}
	}
	guild := rt.gateway.State().Guilds()[0]
	raw, err := rt.rest.Do(ctx, discord.Request{Guild: guild, Method: "GET", Route: "/guilds/{guild.id}/channels", Path: "/guilds/" + guild.String() + "/channels"})
	if err != nil {
		return 0, 0, fmt.Errorf("list the channels of guild %s: %w", guild, err)
	}
	var channels []struct {
		ID   snowflake.ChannelID
		Type int
	}
	if err := json.Unmarshal(raw, &channels); err != nil {
		return 0, 0, fmt.Errorf("list the channels of guild %s: %w", guild, err)
	}
	var first snowflake.ChannelID
	for _, c := range channels {
		if c.Type == 0 && (first.IsZero() || c.ID < first) {
			first = c.ID
		}
	}
	if first.IsZero() {
		return 0, 0, fmt.Errorf("guild %s has no text channel that the bot sees; give it one", guild)
	}
	return guild, first, nil
}
