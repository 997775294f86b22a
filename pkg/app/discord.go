package app

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// identifyPause is the longest pause before Discord is asked again who the bot
// is.
const identifyPause = 30 * time.Second

// openMarks opens what tells a later process what the scripts had begun. Without
// it, all that was given to them counts as begun.
func (rt *runtime) openMarks() {
	var err error
	rt.marks, rt.begun, err = mark.OpenFolder(filepath.Join(rt.cfg.DataDir, "marks"))
	if err != nil {
		rt.log.Error("what scripts had begun will not be known after a kill: events that waited in a worker are then cut off, too", zap.Error(err))
		rt.begun = &mark.Earlier{}
	}
	if err := rt.begun.Unread(); err != nil {
		rt.log.Warn("what scripts had begun when the process before was killed is not known in full: what is not known counts as begun", zap.Error(err))
	}
}

// unmarked is told why a worker has no marks that outlive this process.
func (rt *runtime) unmarked(err error) {
	rt.log.Error("what the scripts of a worker had begun will not be known after a kill: events that waited in it are then cut off, too", zap.Error(err))
}

// openDiscord makes the client of Discord, real or simulated, and the API.
func (rt *runtime) openDiscord(context.Context) error {
	base, token, global := rt.cfg.Discord.APIBase, rt.cfg.Discord.BotToken, rt.cfg.Discord.GlobalLimit
	var err error
	rt.openMarks()
	var sessions discord.SessionStore = discord.FileSessions{Dir: filepath.Join(rt.cfg.DataDir, "gateway"), Begun: rt.begun.Begun}
	if token == "" {
		token = "simulated"
		base = rt.url + "/api/v10"
		rt.sim, err = discordsim.New(discordsim.Config{Guilds: rt.opts.guilds, Token: token, NoRateLimits: rt.opts.free, Record: rt.opts.record, Logger: rt.log.Named("discordsim")})
		if err != nil {
			return err
		}
		rt.sim.SetBaseURL(rt.url)
		// Its sessions end with this process, so there is nothing to resume.
		sessions = discord.MemorySessions{}
		if rt.opts.free {
			global = 0
		}
	}
	if global == 0 {
		global = -1 // What the client calls no limit.
	}
	rt.rest, err = discord.NewREST(discord.RESTConfig{
		Base: base, Token: token, GlobalLimit: global, GuildConcurrency: rt.cfg.Runtime.GuildConcurrency,
		Timeout: botLimits(rt.cfg).Op, Log: rt.log.Named("rest"), Meter: telemetry.NewRequests(rt.stats),
	})
	if err != nil {
		return err
	}
	if err := rt.openReplicas(token); err != nil {
		return err
	}
	gateway := discord.GatewayConfig{
		Token: token, REST: rt.rest, Compress: rt.cfg.Discord.Compress, Shards: rt.cfg.Discord.Shards,
		Sessions: sessions, Log: rt.log.Named("gateway"),
	}
	if gateway.Intents, err = catalog.ParseIntents(rt.cfg.Discord.Intents); err != nil {
		return fmt.Errorf("discord.intents: %w", err)
	}
	if gateway.Privileged, err = catalog.ParsePrivileged(rt.cfg.Discord.PrivilegedIntents); err != nil {
		return fmt.Errorf("discord.privileged_intents: %w", err)
	}
	if rt.sim != nil {
		// It begins a session whenever it is asked to.
		gateway.IdentifyEvery, gateway.GatherIntents = time.Millisecond, 10*time.Millisecond
	}
	rt.share(&gateway)
	rt.gateway, err = discord.NewGateway(gateway, sink{rt})
	return err
}

// sink passes gateway events on, and notes that the bot is connected.
type sink struct{ *runtime }

func (s sink) Wants(eventType string) bool                      { return s.bot.Wants(eventType) }
func (s sink) HandleEvent(ctx context.Context, e discord.Event) { s.bot.HandleEvent(ctx, e) }
func (s sink) Join(guild snowflake.GuildID)                     { s.bot.Join(guild) }

func (s sink) Denied(intents catalog.Intents) { s.bot.Denied(intents) }

func (s sink) Leave(guild snowflake.GuildID) {
	s.bot.Leave(guild)
	s.scope.Forget(guild)
}

func (s sink) Ready(user json.RawMessage) {
	s.bot.Ready(user)
	s.once.Do(func() { close(s.connected) })
}

// identify finds out who the bot is, which scripts are told when they load.
func (rt *runtime) identify(ctx context.Context) error {
	for pause := time.Second; ; pause = min(2*pause, identifyPause) {
		err := rt.gateway.Identity(ctx)
		if app, client := rt.gateway.Application().String(), rt.cfg.Discord.ClientID; err == nil && client != "" && client != app {
			rt.log.Warn("people log in to another application than the bot's; see that discord.client_id and discord.bot_token belong together",
				zap.String("client_id", client), zap.String("application_id", app))
		}
		if err == nil || fault.Is(err, fault.Unauthorized) || !rt.opts.patient {
			return err
		}
		rt.health.Problem("scripts", "Discord does not answer; it is asked again")
		rt.log.Error("Discord does not say who the bot is; it is asked again", zap.Error(err))
		if !clock.Sleep(ctx, clock.Real, pause) {
			return ctx.Err()
		}
	}
}

// connect opens the API and connects the bot.
func (rt *runtime) connect(ctx context.Context) error {
	rt.front.set(rt.api.Handler())
	rt.server.RegisterOnShutdown(rt.api.Close)
	if rt.sim != nil {
		rt.server.RegisterOnShutdown(rt.sim.EndStreams)
	}
	rt.life.run("gateway", rt.gateway.Run)
	if rt.shared() {
		return rt.connectShared(ctx)
	}
	limit := connectLimit
	if rt.opts.patient {
		limit = time.Duration(math.MaxInt64) // The API serves meanwhile.
	}
	for _, done := range []<-chan struct{}{rt.connected, rt.gateway.State().Known()} {
		if late, err := rt.within(ctx, limit, done); err != nil {
			return err
		} else if late {
			return fmt.Errorf("the bot was not connected to Discord within %s; the log says why", limit)
		}
	}
	// All sessions have taken over what they say.
	if err := rt.begun.Remove(); err != nil {
		rt.log.Warn("marks of an earlier process stay", zap.Error(err))
	}
	return nil
}
