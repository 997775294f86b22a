package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"
)

// flora is the runtime as an operator starts it, known only by its API.
type flora struct {
	*process
	url   string
	token string
	data  string // Its folder.
}

// unhurried lifts the limit of a guild's operations, where they are what is
// measured.
const unhurried = "FLORA_RUNTIME_OPS_PER_SECOND=1000000"

func encode(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return b, nil
}

// startFlora runs "flora-runtime dev" on a free port with data of its own.
func (b *bench) startFlora(ctx context.Context, env []string, args ...string) (*flora, error) {
	data, err := os.MkdirTemp(b.tmp, "data")
	if err != nil {
		return nil, fmt.Errorf("make a data folder: %w", err)
	}
	return b.startFloraIn(ctx, data, env, args...)
}

// startFloraIn is startFlora with data that is there.
func (b *bench) startFloraIn(ctx context.Context, data string, env []string, args ...string) (*flora, error) {
	cmd := command(ctx, b.runtime, append([]string{"dev", "--port", "0", "--data-dir", data}, args...)...)
	cmd.Dir = data // No config.toml of the working directory may change the result.
	cmd.Env = append(ownEnvironment(), env...)
	p, err := start(cmd)
	if err != nil {
		return nil, err
	}
	f := &flora{process: p, data: data}
	if err := f.open(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return f, nil
}

// ownEnvironment is the environment without the runtime's own settings.
func ownEnvironment() []string {
	var out []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "FLORA_") && !strings.HasPrefix(e, "DISCORD_") && !strings.HasPrefix(e, "RUNTIME_") && !strings.HasPrefix(e, "API_") {
			out = append(out, e)
		}
	}
	return append(out, "RUST_LOG=warn")
}

// open reads the ready line.
func (f *flora) open(ctx context.Context) error {
	fields, err := f.ready(ctx)
	if err != nil {
		return err
	}
	for i, field := range fields {
		if name, ok := strings.CutPrefix(field, "token_file="); ok {
			b, err := os.ReadFile(name) //nolint:gosec // The runtime's own.
			if err != nil {
				return fmt.Errorf("read the API token: %w", err)
			}
			f.token = strings.TrimSpace(string(b))
		}
		if i == 0 {
			f.url = field
		}
	}
	if f.url == "" || f.token == "" {
		return errors.New("the runtime's ready line lacks its address or its token file")
	}
	return nil
}

// deploysAtOnce is how many deployments are under way.
const deploysAtOnce = 4

// deploy gives every guild the script.
func (f *flora) deploy(ctx context.Context, guilds []simGuild, path, source string) error {
	body := map[string]any{"entry": path, "files": []map[string]string{{"path": path, "contents": source}}}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(deploysAtOnce)
	for _, g := range guilds {
		all.Go(func() error {
			return call(ctx, http.MethodPost, f.url+"/api/deployments/"+g.ID, f.token, body, nil)
		})
	}
	if err := all.Wait(); err != nil {
		return f.failure(err)
	}
	return nil
}
