package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// devPort is where the runtime listens unless another port is asked for.
const devPort = 3000

// devOptions are the command's flags.
type devOptions struct {
	entry, root string
	port        int
	asked       bool // For that very port.
	open        bool
}

func (a *app) devCommand() *cobra.Command {
	var o devOptions
	c := &cobra.Command{
		Use: "dev [entry]", Short: "Run the project here, and deploy it again after each save",
		Long: `Starts a runtime on this machine with a simulated Discord, unless this project's
is running, prints the address of its playground, deploys the project and does
so again after each save. A save that is broken leaves the script before running.
Below comes the guild's log. Ctrl-C ends all of it; what the bot stored is kept
in .flora/data.

With --api or FLORA_API_URL it starts nothing and deploys to that server, to the
guild that --guild, FLORA_GUILD or the project file names. The runtime itself is
for Linux; on macOS and Windows give --api, or run flora in WSL 2 or a container.

With --json every line is one object with an "event": ready, deployed, unchanged,
failed, warning or log.`,
		Example: "  flora dev\n  flora dev --port $PORT\n  flora dev src/main.ts --root . --open\n  flora dev --api $FLORA_API_URL --guild $FLORA_GUILD",
		Args:    cobra.MaximumNArgs(1),
	}
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		o.entry, o.asked = cmp.Or(args...), c.Flags().Changed("port")
		if o.port < 0 || o.port > 65535 {
			return usage("--port is %d, but it must be from 1 to 65535, or 0 for a free one", o.port)
		}
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		return a.dev(ctx, o)
	})
	c.Flags().IntVar(&o.port, "port", devPort, "port of the runtime on 127.0.0.1; 0 takes a free one")
	c.Flags().BoolVar(&o.open, "open", false, "open the playground in the browser")
	c.Flags().StringVar(&o.root, "root", "", "folder of the sources")
	return a.withGuild(c)
}

// dev runs until ctx ends or what it needs does.
func (a *app) dev(ctx context.Context, o devOptions) (err error) {
	dir, err := a.path(".")
	if err != nil {
		return err
	}
	d := &development{app: a, options: o, dir: dir, root: dir}
	until := ctx
	if a.api == "" && a.env("FLORA_API_URL") == "" {
		release, err := a.holdProject(dir)
		if err != nil {
			return err
		}
		defer release()
		var end func() error
		if ctx, end, err = d.local(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
	} else if err := d.remote(ctx); err != nil {
		return err
	}
	if err := d.run(ctx); until.Err() == nil {
		return err
	}
	return nil // The person ended it.
}

// development is one run of dev.
type development struct {
	*app
	options devOptions
	dir     string
	root    string // Of the sources, as the project last said.
	api     *client.Client
	guildID snowflake.GuildID
	url     string // The playground's address, "" when there is none.
	limits  limits // Of the server, once it was asked.

	mu sync.Mutex // One writer at a time.

	last   shipped
	broken string // The text of the last failure, "" since it was mended.
}

// event tells people the text, or whoever reads JSON the document.
func (d *development) event(name string, doc map[string]any, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.json {
		if format != "" {
			_, _ = fmt.Fprintf(d.Stdout, format+"\n", args...)
		}
		return
	}
	if doc == nil {
		doc = map[string]any{}
	}
	doc["event"] = name
	_ = d.printJSON(doc) // Whoever does not read it misses it.
}

// warning tells of something that is not as it should be.
func (d *development) warning(text string) {
	d.event("warning", map[string]any{"message": text}, "%s %s", d.colour(colours["warn"], "warning"), printable(text))
}

// remote takes the server that was named.
func (d *development) remote(ctx context.Context) error {
	var err error
	if d.guildID, err = d.guild(ctx); err != nil {
		return err
	}
	if d.api, err = d.client(ctx); err != nil {
		return err
	}
	d.event("ready", map[string]any{"api": d.api.BaseURL(), "guild": d.guildID}, "Deploying to guild %s of %s after each save", d.guildID, d.api.BaseURL())
	return nil
}

// run shows the log and deploys after each save.
func (d *development) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	after, err := newestLine(ctx, d.api, d.guildID) // What was before is not shown.
	if err != nil {
		return unlessEnded(ctx, err)
	}
	wg.Go(func() {
		lost := func(err error, wait time.Duration) {
			if ctx.Err() == nil {
				d.warning(fmt.Sprintf("the log: %s; connecting again in %s", err, about(wait)))
			}
		}
		err := d.api.StreamLogs(ctx, d.guildID, client.StreamOptions{After: after, Lost: lost}, d.line)
		if ctx.Err() == nil {
			cancel(err)
		}
	})
	return unlessEnded(ctx, d.follow(ctx))
}

// unlessEnded is the error, or why everything ended.
func unlessEnded(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// line shows a line of the guild's log.
func (d *development) line(e client.LogEntry) error {
	at := time.UnixMilli(e.Timestamp).Local().Format("15:04:05.000")
	level := d.colour(colours[e.Level], fmt.Sprintf("%-5s", strings.ToUpper(printable(e.Level))))
	d.event("log", map[string]any{"id": e.ID, "timestamp": e.Timestamp, "level": e.Level, "target": e.Target, "message": e.Message},
		"%s %s %s", at, level, printable(strings.ReplaceAll(e.Message, "\n", "\n                   ")))
	return nil
}

// holdProject makes this the only dev of the project.
func (a *app) holdProject(dir string) (release func(), err error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, ".flora")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the project's folder .flora: %w", err)
	}
	name := filepath.Join(folder, "dev.lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // In the project.
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", name, err)
	}
	if err := lockFile(f); err != nil {
		holder, rerr := io.ReadAll(io.LimitReader(f, 64))
		_ = f.Close()
		who := ""
		if rerr == nil && len(holder) > 0 {
			who = " (process " + strings.TrimSpace(string(holder)) + ")"
		}
		return nil, coded(Conflict, "flora dev is already running in this project%s; use it, or stop it first", who)
	}
	if err = f.Truncate(0); err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", name, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
