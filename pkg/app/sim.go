package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

const loopback = "127.0.0.1"

// simCommand runs the simulated Discord alone.
func simCommand(s State) *cobra.Command {
	var port int
	var cfg discordsim.Config
	c := &cobra.Command{
		Use: "discordsim", Short: "Run a simulated Discord on loopback, for any Discord library", Args: cobra.NoArgs,
		Example: "  flora-runtime discordsim --port 4000 --guilds 3",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := someGuilds(cfg.Guilds); err != nil {
				return err
			}
			cfg.Record = recordFolder(s)
			return runSim(c.Context(), s, port, cfg)
		},
	}
	c.Flags().IntVar(&port, "port", 4000, "port on 127.0.0.1; 0 takes a free one")
	c.Flags().IntVar(&cfg.Guilds, "guilds", 2, "number of simulated guilds")
	c.Flags().BoolVar(&cfg.NoRateLimits, "no-rate-limits", false, "never answer 429, send no rate-limit headers, and take every IDENTIFY")
	c.Flags().IntVar(&cfg.Shards, "shards", 0, "number of shards that it recommends; 0 is as many as the guilds need")
	c.Flags().IntVar(&cfg.MaxConcurrency, "max-concurrency", 16, "number of shards that may identify at the same time")
	c.Flags().DurationVar(&cfg.IdentifyEvery, "identify-every", 0, "time until shards of one class may identify again (default 5s, or no time with --no-rate-limits)")
	c.Flags().IntVar(&cfg.SessionStarts, "session-starts", 1000, "sessions that may be begun in a day")
	c.Flags().DurationVar(&cfg.AnswerWithin, "answer-within", 3*time.Second, "time that the bot has to answer an interaction")
	return c
}

// someGuilds refuses a number of which the default would be made silently.
func someGuilds(n int) error {
	if n < 1 {
		return fmt.Errorf("--guilds is %d; there must be at least 1", n)
	}
	return nil
}

// recordFolder is for the tests: there the simulated Discord writes all that it
// is sent and sends, to be held against Discord's OpenAPI document.
func recordFolder(s State) string {
	folder := ""
	for _, v := range s.Env { // Of a variable given twice the last one counts.
		if value, ok := strings.CutPrefix(v, "DISCORDSIM_RECORD="); ok {
			folder = value
		}
	}
	return folder
}

func runSim(ctx context.Context, s State, port int, cfg discordsim.Config) (err error) {
	log, _, err := telemetry.NewLogger("info", "console", s.Stderr)
	if err != nil {
		return err
	}
	cfg.Logger = log
	sim, err := discordsim.New(cfg)
	if err != nil {
		return err
	}
	l, err := listen(ctx, loopback, port)
	if err != nil {
		return err
	}
	sim.SetBaseURL(baseURL(l))
	life := newLifeline(log)
	defer func() {
		if stopErr := life.stop(); err == nil {
			err = stopErr
		}
	}()
	life.run("HTTP", func(ctx context.Context) error {
		server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: headerLimit}
		server.RegisterOnShutdown(sim.EndStreams)
		return serve(ctx, l, server)
	})
	life.release("simulated Discord", sim.Close)
	_, _ = fmt.Fprintf(s.Stdout, "ready %s\n", baseURL(l))
	return life.wait(ctx)
}
